"""A request goes through JSON as it is, and loads its plan."""

import pytest

from openmm_mlff.config import PotentialOptions
from openmm_mlff.errors import PotentialError
from openmm_mlff.pipeline.request import ValidationRequest

LEAVING = """
import sys
from ase.calculators.calculator import Calculator
sys.exit(0)
"""


def test_it_comes_back_from_json(tmp_path):
    request = ValidationRequest(
        potential="m.pt",
        systems=("water", "smiles:CCO"),
        output=tmp_path,
        options=PotentialOptions(parameters={"a": 0.1}, forcefield=("x.xml",)),
        charge=-1,
    )
    again = ValidationRequest.model_validate(request.model_dump(mode="json"))
    assert again == request


def test_a_module_that_leaves_takes_no_exit_code_with_it(tmp_path, monkeypatch):
    (tmp_path / "leaving_module.py").write_text(LEAVING, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    request = ValidationRequest(
        potential="ase:leaving_module:C", systems=("water",), output=tmp_path / "out"
    )
    with pytest.raises(PotentialError, match=r"cannot be imported \(SystemExit: 0\)"):
        request.prepare()
