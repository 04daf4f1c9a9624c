"""ASE calculators: one base class, and students."""

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.calculators.calculator import CalculationFailed

from openmm_mlff.errors import (
    CheckpointError,
    ConfigError,
    EvaluationRefusedError,
    PlatformError,
    PotentialError,
)
from openmm_mlff.molecules.electrons import info_of
from openmm_mlff.potentials.calculators import (
    FunctionCalculator,
    StudentForceFieldCalculator,
    molecule_of,
    torch_device,
)
from openmm_mlff.students.loading import load_checkpoint


@pytest.fixture
def atoms(water):
    return water.to_ase()


def test_a_function_returns_energy_and_forces_or_refuses(atoms):
    def refuse(_):
        raise EvaluationRefusedError("not today")

    calculator = FunctionCalculator(lambda given: (given.positions.sum(), 2.0 * given.positions))
    atoms.calc = calculator
    assert atoms.get_potential_energy(force_consistent=True) == atoms.positions.sum()
    np.testing.assert_array_equal(atoms.get_forces(), 2.0 * atoms.positions)
    with pytest.raises(PotentialError, match="no atoms"):
        FunctionCalculator(refuse).calculate()
    with pytest.raises(CalculationFailed, match="not today"):
        FunctionCalculator(refuse).calculate(atoms)


def test_atoms_are_converted_back_to_a_molecule(water):
    for molecule in (water, water.with_cell(9.0 * np.eye(3))):
        atoms = molecule.to_ase()
        atoms.info.update(info_of(charge=2, multiplicity=3))
        found = molecule_of(atoms)
        assert (found.charge, found.multiplicity, found.name) == (2, 3, "water")
        np.testing.assert_array_equal(found.positions_angstrom, molecule.positions_angstrom)
        np.testing.assert_array_equal(found.cell_angstrom, molecule.cell_angstrom)
        assert found.bonds == molecule.bonds


def test_one_calculator_serves_molecules_of_any_size_with_gradients(small_checkpoint, atoms):
    calculator = StudentForceFieldCalculator(small_checkpoint, dtype="float64")
    lone = Atoms("O", calculator=calculator)
    atoms.calc = calculator
    first, forces = atoms.get_potential_energy(), atoms.get_forces()
    assert np.isfinite(lone.get_potential_energy())
    assert (lone.get_forces() == 0).all()
    assert atoms.get_potential_energy() == first
    energies = []
    for step in (1e-4, -1e-4):
        moved = atoms.copy()
        moved.calc = calculator
        moved.positions[1, 2] += step
        energies.append(moved.get_potential_energy())
    assert forces[1, 2] == pytest.approx(-(energies[0] - energies[1]) / 2e-4, abs=1e-6)


def test_unknown_elements_and_partial_periodicity_are_refused(small_checkpoint, atoms):
    student = StudentForceFieldCalculator(small_checkpoint)
    with pytest.raises(PotentialError, match="student small does not support Cl"):
        student.calculate(Atoms("HCl", positions=[[0, 0, 0], [0, 0, 1.3]]))
    atoms.set_cell([9.0, 9.0, 9.0])
    atoms.set_pbc([True, False, False])
    with pytest.raises(PotentialError, match=r"atoms\.pbc"):
        student.calculate(atoms)


def test_impossible_arguments_are_refused_in_one_line(small_checkpoint, tmp_path):
    student = load_checkpoint(small_checkpoint)
    for error, said, arguments in (
        (ConfigError, "either checkpoint_path or student", {}),
        (ConfigError, "and not both", {"checkpoint_path": small_checkpoint, "student": student}),
        (ConfigError, "unknown dtype 'float16'", {"student": student, "dtype": "float16"}),
        (CheckpointError, "no such file: ", {"checkpoint_path": tmp_path / "missing.pt"}),
        (PlatformError, "unknown device", {"student": student, "device": "nonsense"}),
    ):
        with pytest.raises(error, match=said) as caught:
            StudentForceFieldCalculator(**arguments)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("device", "cuda_devices", "said"),
    [
        ("nonsense", 0, "unknown device 'nonsense'"),
        ("meta", 0, "device 'meta' is not supported"),
        ("cuda", 0, "use device='cpu'"),
        ("cuda:1", 1, r"finds 1 CUDA device\(s\)"),
    ],
)
def test_unavailable_devices_are_refused(monkeypatch, device, cuda_devices, said):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda_devices > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda_devices)
    with pytest.raises(PlatformError, match=said):
        torch_device(device)


@pytest.mark.gpu
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
def test_cuda_agrees_with_the_processor(cuda, small_checkpoint, atoms, dtype, tolerance):
    results = []
    for device in ("cpu", "cuda"):
        atoms.calc = StudentForceFieldCalculator(small_checkpoint, dtype=dtype, device=device)
        results.append((atoms.get_potential_energy(), atoms.get_forces()))
    assert results[1][0] == pytest.approx(results[0][0], abs=tolerance)
    np.testing.assert_allclose(results[1][1], results[0][1], atol=tolerance)
