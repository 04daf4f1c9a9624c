import numpy as np
import pytest
from ase.data import chemical_symbols

from openmm_mlff.config import load_protocol
from openmm_mlff.measuring.trajectory import measure_structure
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS, StabilityLimits, StabilityMonitor


@pytest.fixture
def water():
    return load_system("water")


@pytest.fixture
def monitor(water):
    return monitor_of(water)


def monitor_of(molecule, **options):
    return StabilityMonitor(
        molecule.atomic_numbers,
        positions_angstrom=molecule.positions_angstrom,
        bonds=molecule.bonds,
        **options,
    )


def _with_bond_scaled(water, factor):
    positions = water.positions_angstrom.copy()
    positions[1] = positions[0] + factor * (positions[1] - positions[0])
    return positions


@pytest.mark.parametrize("factor", [0.59, 0.61, 1.0, 1.49, 1.51, 4.0])
def test_a_broken_or_compressed_bond_is_named_and_a_vibration_passes(monitor, water, factor):
    problem = monitor.check_positions(_with_bond_scaled(water, factor))
    if 0.6 < factor < 1.5:
        assert problem is None
        return
    assert problem.atoms == (0, 1)
    for part in ("O1–H2", f"{factor:.2f} times", "0.6 to 1.5"):
        assert part in problem.message
    positions = _with_bond_scaled(water, factor)
    positions[2] = positions[0] + 5.0 * (positions[2] - positions[0])
    # The worse of two is named.
    assert monitor.check_positions(positions).atoms == (0, 2)


def test_a_new_contact_is_named(monitor, water):
    positions = water.positions_angstrom.copy()
    # On a circle about the oxygen, so that the bonds keep their lengths.
    length = np.linalg.norm(positions[1] - positions[0])
    for atom, angle in ((1, 0.16), (2, -0.16)):
        positions[atom] = positions[0] + length * np.array([np.sin(angle), np.cos(angle), 0.0])
    problem = monitor.check_positions(positions)
    assert problem.atoms == (1, 2)
    assert "H2–H3" in problem.message


def test_two_molecules_that_join_are_named(water):
    positions = np.vstack(
        [water.positions_angstrom, water.positions_angstrom + np.array([0.0, 0.0, 3.0])]
    )
    numbers = np.tile(water.atomic_numbers, 2)
    bonds = (*water.bonds, *((i + 3, j + 3) for i, j in water.bonds))
    monitor = StabilityMonitor(numbers, positions_angstrom=positions, bonds=bonds)
    assert monitor.check_positions(positions) is None
    nearer = positions.copy()
    nearer[3:, 2] -= 1.4
    problem = monitor.check_positions(nearer)
    assert problem.atoms == (0, 3)
    assert "joins" in problem.message


@pytest.mark.parametrize(
    ("ion", "is_fine"), [("Na", True), ("K", True), ("Li", True), ("C", False)]
)
def test_waters_leave_and_enter_the_shell_of_an_ion(water, ion, is_fine):
    numbers = np.append(water.atomic_numbers, chemical_symbols.index(ion))
    charge = 0 if ion == "C" else 1
    near, far = (
        np.vstack([water.positions_angstrom, water.positions_angstrom[0] + [0.0, at, 0.0]])
        for at in (1.7 if ion in "CLi" else 2.4, 6.0)
    )
    for start, later in ((near, far), (far, near)):
        molecule = MolecularSystem("cluster", numbers, start, charge=charge)
        assert (monitor_of(molecule).check_positions(later) is None) == is_fine
        _, fragments, _ = measure_structure(
            np.array([start, later]), system=molecule, limits=DEFAULT_LIMITS
        )
        assert (fragments[0] == fragments[1]) == is_fine


def test_atoms_with_nan_are_named_in_one_short_line(monitor, water):
    positions = water.positions_angstrom.copy()
    positions[2, 1] = np.nan
    problem = monitor.check_positions(positions)
    assert (problem.atoms, problem.message) == ((2,), "position of H3 is not finite")
    problem = monitor.check_forces(np.full((3, 3), np.inf))
    assert problem.message == "force on O1–H2–H3 is not finite"
    problem = monitor_of(load_system("benzene")).check_positions(np.full((12, 3), np.nan))
    assert problem.message == "position of C1–C2–C3 and 9 more is not finite"
    single = StabilityMonitor([18], positions_angstrom=[[0.0, 0.0, 0.0]], bonds=())
    assert single.check_positions(np.array([[1e3, 0.0, 0.0]])) is None


@pytest.mark.parametrize(
    ("limits", "stretch", "force", "is_fine"),
    [
        ({}, 1.4, 99.0, True),
        ({"bond_longest": 1.3}, 1.4, 0.0, False),
        ({"bond_longest": 3.0}, 1.6, 0.0, True),
        ({"bond_shortest": 0.9}, 0.8, 0.0, False),
        ({"bond_shortest": 0.4, "contact": 0.1}, 0.5, 0.0, True),
        ({"contact": 3.0}, 1.0, 0.0, False),
        ({"largest_force": 10.0}, 1.0, 11.0, False),
        ({"largest_force": 1000.0}, 1.0, 900.0, True),
    ],
)
def test_each_limit_can_be_changed(water, limits, stretch, force, is_fine):
    monitor = monitor_of(water, limits=StabilityLimits(**limits))
    forces = np.diag([force, 0.0, 0.0])
    problem = monitor.check_positions(_with_bond_scaled(water, stretch))
    assert ((problem or monitor.check_forces(forces)) is None) == is_fine


def test_the_default_limits_are_those_of_the_shipped_protocol():
    limits = load_protocol("standard").limits_for("stability")
    assert StabilityLimits.of(limits) == StabilityLimits.of({}) == StabilityLimits()
