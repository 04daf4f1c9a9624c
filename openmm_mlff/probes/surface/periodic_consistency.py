"""Is a periodic box the same, however it is cut, named or repeated?"""

from typing import Any

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.probes.evaluation import Points, evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.probes.surface.noise import measure_noise

MOVES = 3
STRAIN = 1e-3
"""Of the finite differences behind the virial."""

EQUAL_CELLS = ((2, 0, 1), (2, 1, -1), (1, 0, 1))
"""(vector, vector, factor): the first plus so many times the second spans the same lattice."""

STRAINS = ((0, 0), (1, 1), (2, 2), (1, 0), (2, 0), (2, 1))
"""(row, column) of the strain r → r (1 + ε): those that leave a box the way OpenMM wants it."""


def probe_periodic_consistency(subject: ProbeSubject) -> ProbeOutcome:
    """Wrap atoms, move all through the box, name it by other vectors, double it, and strain it.

    Args:
        subject: what to probe.

    Returns:
        For each of `moves` (data): `energy_changes_ev` (M,), `force_changes` (M, N, 3); where the
        composition is free `doubled_energy_ev` (1,), E(2×1×1) − 2 E, and `doubled_force_changes`
        (2, N, 3); where the ASE path has a stress, `virial_ev` and `virial_differences_ev` (6,).
    """
    molecule = subject.molecule
    if molecule.cell_angstrom is None:
        return not_applicable(f"{molecule.name} is not periodic")
    start = evaluate_each(subject, molecule, molecule.positions_angstrom[None])
    names, changed = _moves(subject)
    points = [evaluate_each(subject, box, box.positions_angstrom[None]) for box in changed]
    arrays = {
        "energy_changes_ev": np.array([p.energies_ev[0] - start.energies_ev[0] for p in points]),
        "force_changes": np.array(
            [p.forces_ev_per_angstrom[0] - start.forces_ev_per_angstrom[0] for p in points]
        ),
        "refused": np.array([p.refused[0] or start.refused[0] for p in points]),
        **_doubled(subject, start),
        **measure_noise(subject),
    }
    data: dict[str, Any] = {"moves": names, "strain": STRAIN}
    data["no_virial"] = _virial(subject, arrays)
    return ProbeOutcome(data=data, arrays=arrays)


def _moves(subject: ProbeSubject) -> tuple[list[str], list[MolecularSystem]]:
    """Give the box in other words: names, and the same atoms otherwise placed or enclosed."""
    molecule = subject.molecule
    cell = np.array(molecule.cell_angstrom)
    positions = molecule.positions_angstrom
    rng = np.random.default_rng(subject.seed)
    named = []
    for number in range(1, MOVES + 1):
        images = rng.integers(-2, 3, size=positions.shape)
        named.append((f"atoms put into other images, {number}", positions + images @ cell, cell))
        shift = rng.uniform(size=3) @ cell
        named.append((f"all moved through the box, {number}", positions + shift, cell))
    for vector, other, factor in EQUAL_CELLS:
        skewed = cell.copy()
        skewed[vector] += factor * cell[other]
        name = f"box vector {'abc'[vector]} replaced by {'abc'[vector]}{factor:+d}{'abc'[other]}"
        named.append((name, positions, skewed))
    boxes = [molecule.with_cell(box, positions_angstrom=placed) for _, placed, box in named]
    return [name for name, _, _ in named], boxes


def _doubled(subject: ProbeSubject, start: Points) -> dict[str, np.ndarray]:
    """Put two boxes side by side; nothing where the atoms are fixed by the file."""
    if not subject.potential.composition_is_free:
        return {}
    double = supercell(subject.molecule)
    found = evaluate_each(subject, double, double.positions_angstrom[None])
    forces = found.forces_ev_per_angstrom[0].reshape(2, -1, 3)
    return {
        "doubled_energy_ev": found.energies_ev - 2.0 * start.energies_ev,
        "doubled_force_changes": forces - start.forces_ev_per_angstrom[0],
    }


def supercell(molecule: MolecularSystem) -> MolecularSystem:
    """Put two boxes side by side along the first box vector.

    Args:
        molecule: periodic.

    Returns:
        2N atoms in a box of twice the length: first those of one copy, then those of the other.
    """
    cell = np.array(molecule.cell_angstrom)
    n_atoms = molecule.n_atoms
    second = tuple((i + n_atoms, j + n_atoms) for i, j in molecule.bonds)
    return MolecularSystem(
        name=f"two boxes of {molecule.name}",
        atomic_numbers=np.tile(molecule.atomic_numbers, 2),
        positions_angstrom=np.concatenate(
            [molecule.positions_angstrom, molecule.positions_angstrom + cell[0]]
        ),
        charge=2 * molecule.charge,
        multiplicity=2 * molecule.multiplicity - 1,
        bonds=(*molecule.bonds, *second),
        cell_angstrom=cell * np.array([[2.0], [1.0], [1.0]]),
    )


def _virial(subject: ProbeSubject, arrays: dict[str, np.ndarray]) -> str:
    """Compare the stress of the ASE path with differences of the energy.

    Returns:
        Why there is none; empty where there is one.
    """
    calculator = subject.potential.ase_calculator(precision=subject.precision)
    if "stress" not in calculator.implemented_properties:
        return "the potential gives no stress"
    atoms = subject.molecule.to_ase()
    atoms.calc = calculator
    given = atoms.get_stress(voigt=False) * atoms.get_volume()
    differences = []
    for row, column in STRAINS:
        strain = np.zeros((3, 3))
        strain[row, column] = STRAIN
        ahead, behind = (_strained_energy(subject, sign * strain) for sign in (1.0, -1.0))
        differences.append((ahead - behind) / (2.0 * STRAIN))
    arrays["virial_ev"] = np.array([given[row, column] for row, column in STRAINS])
    arrays["virial_differences_ev"] = np.array(differences)
    return ""


def _strained_energy(subject: ProbeSubject, strain: np.ndarray) -> float:
    change = np.eye(3) + strain
    molecule = subject.molecule
    strained = molecule.with_cell(
        np.array(molecule.cell_angstrom) @ change,
        positions_angstrom=molecule.positions_angstrom @ change,
    )
    found = evaluate_each(subject, strained, strained.positions_angstrom[None])
    return float(found.energies_ev[0])
