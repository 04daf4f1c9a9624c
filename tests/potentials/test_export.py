from functools import partial

import numpy as np
import pytest
import torch

from openmm_mlff.errors import ConfigError, ExportError, RunDirectoryError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import export
from openmm_mlff.potentials.export import call_fixed, call_free, export_student
from openmm_mlff.potentials.student import StudentPotential


@pytest.fixture(scope="module")
def methane():
    return load_system("methane")


class Faulty(torch.nn.Module):
    """Adds an energy that depends on the positions to that of the real module."""

    def __init__(self, module, slope: float) -> None:
        super().__init__()
        self.module = module
        self.slope = slope

    def forward(self, positions: torch.Tensor) -> torch.Tensor:
        return self.module(positions) + self.slope * positions.sum()


LIMITS = {"double": 1e-8, "mixed": 1e-4}


@pytest.mark.parametrize("precision", list(LIMITS))
@pytest.mark.parametrize(
    ("is_fixed", "with_forces", "contract", "geometries"),
    [
        (False, False, "forward(atomic_numbers, positions): Å in, eV out", 20),
        (True, False, "forward(positions): nm in, kJ/mol out, CH4 inside", 10),
        (True, True, "forward(positions): energy and forces, nm in, kJ/mol out, CH4 inside", 10),
    ],
)
def test_a_loaded_export_is_the_model(
    small_potential,
    water,
    methane,
    tmp_path,
    precision,
    is_fixed,
    with_forces,
    contract,
    geometries,
):
    output, limit = tmp_path / "new" / "exported.pt", LIMITS[precision]
    record = export_student(
        small_potential,
        output,
        molecules=[] if is_fixed else [water, methane],
        fixed=methane if is_fixed else None,
        with_forces=with_forces,
        precision=precision,
    )
    assert (record.path, record.contract) == (output, contract)
    assert record.geometries == geometries
    assert 0 <= record.force_error_ev_per_angstrom <= limit
    assert [path.name for path in output.parent.iterdir()] == ["exported.pt"]
    module = torch.jit.load(str(output))
    for molecule in [methane] if is_fixed else [water, methane]:
        placed = molecule.positions_angstrom
        call = (
            call_fixed if is_fixed else partial(call_free, atomic_numbers=molecule.atomic_numbers)
        )
        energy, forces = call(module, positions_angstrom=placed)
        eager = small_potential.evaluate(molecule, placed[None], precision=precision)
        assert energy == pytest.approx(eager.energies_ev[0], abs=5 * limit)
        np.testing.assert_allclose(forces, eager.forces_ev_per_angstrom[0], atol=limit)


@pytest.mark.parametrize("fault", [10.0, float("nan"), float("inf"), "energy", "free"])
def test_a_module_that_differs_is_not_written(
    small_potential, methane, tmp_path, monkeypatch, fault
):
    if isinstance(fault, float):
        healthy = small_potential.module(methane)
        monkeypatch.setattr(small_potential, "module", lambda *_, **__: Faulty(healthy, fault))
    elif fault == "energy":
        honest = export.call_fixed

        def shifted(module, positions, **box):
            energy, forces = honest(module, positions, **box)
            return energy + 1e-3, forces

        monkeypatch.setattr(export, "call_fixed", shifted)
    else:
        module = small_potential.script_free()
        with torch.no_grad():
            module.model.readout[0].weight.mul_(1.01)
        monkeypatch.setattr(StudentPotential, "script_free", lambda *_, **__: module)
    output = tmp_path / "methane.pt"
    output.write_bytes(b"what was here before")
    asked = {"molecules": [methane]} if fault == "free" else {"molecules": [], "fixed": methane}
    with pytest.raises(ExportError, match="nothing was written") as caught:
        export_student(small_potential, output, **asked)
    assert "\n" not in str(caught.value)
    assert output.read_bytes() == b"what was here before"
    assert [path.name for path in tmp_path.iterdir()] == ["methane.pt"]


def test_an_export_without_a_molecule_is_refused(small_potential, tmp_path):
    with pytest.raises(ConfigError, match="no molecule"):
        export_student(small_potential, tmp_path / "x.pt", molecules=[])


def test_an_output_that_cannot_be_written_is_refused(small_potential, water, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    for output in (tmp_path / "file" / "x.pt", tmp_path / "folder"):
        with pytest.raises(RunDirectoryError, match="cannot write"):
            export_student(small_potential, output, molecules=[water])
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]
