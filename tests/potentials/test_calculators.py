import numpy as np
import pytest
import torch
from ase import Atoms

from openmm_mlff.errors import CheckpointError, ConfigError, PlatformError, PotentialError
from openmm_mlff.potentials.calculators import StudentForceFieldCalculator
from openmm_mlff.students.loading import load_checkpoint


@pytest.fixture
def atoms(water):
    return water.to_ase()


def test_energy_and_forces_from_a_checkpoint(small_checkpoint, small_potential, water, atoms):
    atoms.calc = StudentForceFieldCalculator(checkpoint_path=small_checkpoint, dtype="float64")

    found = small_potential.evaluate(water, water.positions_angstrom[None], precision="double")

    assert atoms.get_potential_energy() == pytest.approx(found.energies_ev[0], abs=1e-10)
    np.testing.assert_allclose(atoms.get_forces(), found.forces_ev_per_angstrom[0], atol=1e-10)
    assert atoms.get_potential_energy(force_consistent=True) == atoms.get_potential_energy()


def test_forces_are_the_gradient(small_checkpoint, atoms):
    atoms.calc = StudentForceFieldCalculator(str(small_checkpoint), dtype="float64")
    forces = atoms.get_forces()
    energies = []
    for step in (1e-4, -1e-4):
        moved = atoms.copy()
        moved.calc = atoms.calc
        moved.positions[1, 2] += step
        energies.append(moved.get_potential_energy())

    assert forces[1, 2] == pytest.approx(-(energies[0] - energies[1]) / 2e-4, abs=1e-6)


def test_a_loaded_student_may_be_given(small_checkpoint, atoms):
    student = load_checkpoint(small_checkpoint)
    energies = []
    for calculator in (
        StudentForceFieldCalculator(student=student),
        StudentForceFieldCalculator(checkpoint_path=small_checkpoint),
    ):
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy())

    assert energies[0] == energies[1]


def test_one_calculator_serves_molecules_of_any_size(small_checkpoint, atoms):
    calculator = StudentForceFieldCalculator(small_checkpoint, dtype="float64")
    lone = Atoms("O", calculator=calculator)
    atoms.calc = calculator

    first = atoms.get_potential_energy()
    assert np.isfinite(lone.get_potential_energy())
    assert (lone.get_forces() == 0).all()
    assert atoms.get_potential_energy() == first


def test_an_unknown_element_is_refused_by_name(small_checkpoint):
    molecule = Atoms("HCl", positions=[[0, 0, 0], [0, 0, 1.3]])
    molecule.calc = StudentForceFieldCalculator(small_checkpoint)

    with pytest.raises(PotentialError, match="student small does not know Cl"):
        molecule.get_potential_energy()


def test_boundaries_that_are_periodic_in_one_direction_are_refused(small_checkpoint, atoms):
    atoms.set_cell([10, 10, 10])
    atoms.pbc = [True, False, False]
    atoms.calc = StudentForceFieldCalculator(small_checkpoint)

    with pytest.raises(PotentialError, match=r"set atoms\.pbc to all"):
        atoms.get_potential_energy()


def test_without_atoms_there_is_nothing_to_compute(small_checkpoint):
    with pytest.raises(PotentialError, match=r"expected ase\.Atoms"):
        StudentForceFieldCalculator(small_checkpoint).calculate()


def test_path_or_student_and_not_both(small_checkpoint):
    student = load_checkpoint(small_checkpoint)
    for arguments in ({}, {"checkpoint_path": small_checkpoint, "student": student}):
        with pytest.raises(ConfigError, match="either checkpoint_path or student"):
            StudentForceFieldCalculator(**arguments)


def test_unknown_dtype_is_refused(small_checkpoint):
    with pytest.raises(ConfigError, match="unknown dtype 'float16'"):
        StudentForceFieldCalculator(small_checkpoint, dtype="float16")


def test_a_missing_checkpoint_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="no checkpoint at"):
        StudentForceFieldCalculator(tmp_path / "missing.pt")


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("nonsense", "unknown device 'nonsense'; expected cpu, cuda or cuda:N"),
        ("meta", "no potential here runs on device 'meta'"),
    ],
)
def test_devices_that_are_none_are_refused(small_checkpoint, device, message):
    with pytest.raises(PlatformError, match=message) as caught:
        StudentForceFieldCalculator(small_checkpoint, device=device)
    assert "\n" not in str(caught.value)


def test_cuda_that_is_missing_says_what_to_do(small_checkpoint, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(PlatformError, match="use device='cpu'"):
        StudentForceFieldCalculator(small_checkpoint, device="cuda")


def test_a_cuda_device_beyond_the_last_is_refused(small_checkpoint, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)

    with pytest.raises(PlatformError, match=r"finds 1 CUDA device\(s\), counted from 0"):
        StudentForceFieldCalculator(small_checkpoint, device="cuda:1")


@pytest.mark.gpu
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-4)])
def test_cuda_gives_what_the_processor_does(cuda, small_checkpoint, atoms, dtype, tolerance):
    results = []
    for device in ("cpu", "cuda"):
        atoms.calc = StudentForceFieldCalculator(small_checkpoint, dtype=dtype, device=device)
        results.append((atoms.get_potential_energy(), atoms.get_forces()))

    assert results[1][0] == pytest.approx(results[0][0], abs=tolerance)
    np.testing.assert_allclose(results[1][1], results[0][1], atol=tolerance)
