import importlib.metadata

import pytest
from packaging.requirements import Requirement

from openmm_mlff.doctor import packages


def examined(line, *, extra=""):
    return packages.examine_requirement(Requirement(line), extra=extra)


def test_what_this_package_asks_for_is_looked_at():
    names = {finding.what for finding in packages.examine_packages()}
    assert {"openmm", "torch", "numpy", "acellera-openmmtorch-cu13", "tblite"} <= names
    assert "ruff" not in names


def test_an_installed_version_is_compared_with_its_range():
    version = importlib.metadata.version("numpy")
    assert examined("numpy>=1.0").state == "ok"
    finding = examined("numpy<1.0")
    assert finding.state == "problem"
    assert finding.found == f"{version}; allowed is <1.0"
    assert finding.remedy == 'run: pip install "numpy<1.0"'


def test_a_missing_package_is_a_problem_and_an_optional_one_a_note():
    needed = examined("no-such-package>=2")
    assert (needed.state, needed.remedy) == ("problem", 'run: pip install "no-such-package>=2"')
    optional = examined("no-such-package", extra="smiles")
    assert (optional.state, optional.remedy) == (
        "note",
        "run: pip install 'openmm_mlff[smiles]'",
    )


def test_conda_s_name_of_the_plugin_counts(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(packages.importlib.metadata, "version", missing)
    finding = examined("acellera-openmmtorch-cu13==1.10")
    assert (finding.state, finding.found) == ("ok", "the module openmmtorch is there instead")


def test_markers_and_development_are_left_out():
    lines = [
        "numpy>=2",
        "tomli; python_version < '3.0'",
        "ruff; extra == 'lint'",
        "tblite>=0.4; extra == 'reference'",
        "what is this??",
    ]
    found = [(one.name, extra) for one, extra in packages.requirements(lines)]
    assert found == [("numpy", ""), ("tblite", "reference")]


@pytest.mark.parametrize(("version", "state"), [("3.11.4", "ok"), ("3.14.0", "problem")])
def test_python_is_compared_with_what_is_allowed(monkeypatch, version, state):
    monkeypatch.setattr(packages.platform, "python_version", lambda: version)
    finding = packages.examine_python()
    assert finding.state == state
    assert bool(finding.remedy) is (state == "problem")
