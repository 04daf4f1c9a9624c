import importlib.util
import inspect
import re
from importlib.metadata import entry_points

import pytest

from openmm_mlff.errors import MissingDependencyError
from openmm_mlff.potentials.openmmml.packages import check_package, missing, needed_package

BUILT_IN = [
    point
    for point in entry_points(group="openmmml.potentials")
    if point.value.startswith("openmmml.") and point.name != "ase"
]


@pytest.mark.parametrize("point", BUILT_IN, ids=lambda point: point.name)
def test_the_package_is_the_one_that_openmm_ml_imports(point):
    source = inspect.getsource(inspect.getmodule(point.load()))

    module = needed_package(point.name).module
    assert re.search(rf"^\s*(import|from) {module}\b", source, flags=re.MULTILINE)


def test_a_plugin_of_someone_else_is_not_guessed_at():
    assert needed_package("their-model") is None
    check_package("their-model")
    assert "install the package that it names" in missing("their-model", "No module named 'x'")


def test_a_missing_package_names_the_command(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(MissingDependencyError, match=r"no module mace\); run: pip install mace-to"):
        check_package("mace-off23-small")


def test_a_package_that_is_there_is_not_imported(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())

    check_package("ani2x")
