"""Other files repeat a little of pyproject.toml; it must not drift."""

import re

import pytest

from openmm_mlff.storage.files import read_toml

# PyPI's name -> conda-forge's, where they differ.
CONDA_NAMES = {
    "acellera-openmmtorch-cu13": "openmm-torch",
    "torch": "pytorch",
    "matplotlib": "matplotlib-base",
    "physical-validation": "physical_validation",
    "tblite": "tblite-python",
    "dask": "dask-core",
}


@pytest.fixture(scope="module")
def projects(repository):
    folders = (repository, repository / "conda-package")
    return [read_toml(folder / "pyproject.toml")["project"] for folder in folders]


@pytest.mark.parametrize("key", ["name", "version", "requires-python", "scripts", "entry-points"])
def test_the_two_projects_agree(projects, key):
    main, conda = projects
    assert conda.get(key) == main.get(key)


@pytest.mark.parametrize("key", ["version", "license"])
def test_the_citation_agrees_with_the_project(repository, projects, key):
    text = (repository / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(rf"^{key}: (.+)$", text, re.MULTILINE) == [projects[0][key]]


def test_the_conda_project_has_no_dependencies(projects):
    assert "dependencies" not in projects[1]
    assert projects[0]["dependencies"]


def test_environment_names_every_dependency(projects, repository):
    environment = (repository / "environment.yml").read_text(encoding="utf-8")
    listed = re.findall(r"^ +- ([\w-]+)", environment, re.MULTILINE)
    extras = projects[0]["optional-dependencies"]
    required = [*projects[0]["dependencies"], *extras["campaign"], *extras["reference"]]
    for requirement in required:
        name = re.match(r"[\w-]+", requirement).group()
        assert CONDA_NAMES.get(name, name) in listed


def test_every_dependency_is_pinned_in_the_constraints(projects, repository):
    constraints = (repository / "constraints.txt").read_text(encoding="utf-8").lower()
    pinned = set(re.findall(r"^([^=\n]+)==", constraints, re.MULTILINE))
    extras = projects[0]["optional-dependencies"]
    required = [*projects[0]["dependencies"], *(r for extra in extras.values() for r in extra)]
    names = {re.match(r"[\w-]+", requirement).group().lower() for requirement in required}
    assert names - pinned == {"openmm-mlff"}
