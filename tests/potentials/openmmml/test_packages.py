import importlib.util
import inspect
import re
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from openmm_mlff.errors import MissingDependencyError
from openmm_mlff.potentials.openmmml.foreign import check_package, missing, needed_package

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


def test_only_a_missing_package_is_refused_with_its_command(monkeypatch):
    assert needed_package("their-model") is None
    check_package("their-model")
    assert "install the package that it names" in missing("their-model", "No module named 'x'")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    check_package("ani2x")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"no module mace\); run: pip install mace-to"):
        check_package("mace-off23-small")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "import openmm_mlff.potentials.openmmml.plugin as ours\n"
            "from openmmml import MLPotential\n"
            "print(type(MLPotential._implFactories['student-tiny']) is ours.StudentFactory)",
            "True",
        ),
        (
            "import sys; sys.modules['openmmml'] = None\n"
            "from openmm_mlff.errors import MissingDependencyError\n"
            "try:\n"
            "    import openmm_mlff.potentials.openmmml.foreign\n"
            "except MissingDependencyError as error:\n"
            "    print(error)",
            "run: pip install 'openmmml>=1.8'",
        ),
    ],
    ids=["imported first", "without openmm-ml"],
)
def test_importing_our_plugins(code, said):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said in done.stdout
    assert done.stderr == ""
