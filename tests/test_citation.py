"""CITATION.cff repeats a little of pyproject.toml; it must not drift."""

import re

import pytest

from openmm_mlff.storage.files import read_toml


@pytest.mark.parametrize("key", ["version", "license"])
def test_the_citation_agrees_with_the_project(repository, key):
    text = (repository / "CITATION.cff").read_text(encoding="utf-8")
    (cited,) = re.findall(rf"^{key}: (.+)$", text, re.MULTILINE)
    assert cited == read_toml(repository / "pyproject.toml")["project"][key]
