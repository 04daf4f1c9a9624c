"""The few names a user imports, and what importing them costs."""

import subprocess
import sys

import pytest

import openmm_mlff


@pytest.mark.parametrize("name", openmm_mlff.__all__)
def test_every_public_name_loads(name):
    assert getattr(openmm_mlff, name) is not None
    assert name in dir(openmm_mlff)


@pytest.mark.parametrize(
    ("modules", "heavy"),
    [
        ("openmm_mlff", "torch openmm ase mdtraj numpy matplotlib pydantic"),
        ("openmm_mlff.molecules", "ase scipy torch openmm mdtraj"),
        ("openmm_mlff.cli.benchmark", "torch"),
        ("openmm_mlff.pipeline.judge", "torch openmm matplotlib"),
        # The half that judges.
        (
            "openmm_mlff.storage.loader, openmm_mlff.checks.registry, openmm_mlff.verdict, "
            "openmm_mlff.report.writer",
            "torch openmm openmmtorch",
        ),
    ],
)
def test_an_import_loads_nothing_heavy(modules, heavy):
    code = f"import sys, {modules}; print(sorted(set({heavy.split()}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'validat'"):
        _ = openmm_mlff.validat
