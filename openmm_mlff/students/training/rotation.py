"""Training frames along the rotation about each bond, from one or more conformers.

Thermal frames stay in their initial conformer: the hydroxyl of a carboxylic acid never appears in
its other orientation, where a student's prediction would be an extrapolation. Rotations from one
conformer do not include interactions specific to others: in alanine the hydrogen bond from that
hydroxyl to the nitrogen.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from ase.calculators.calculator import BaseCalculator, CalculatorError
from ase.optimize import BFGS

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.torsions import (
    Torsion,
    dihedral_degrees,
    relax_at_angle,
    rotatable_torsions,
    turned,
)
from openmm_mlff.students.training.frames import LabelledFrame
from openmm_mlff.students.training.teacher import label, teacher_of

RELAXED_FORCE_EV_PER_ANGSTROM = 0.03
RELAXATION_STEPS = 100
JOSTLE_ANGSTROM = 0.05
SAME_CONFORMER_EV = 0.005
"""Minima closer in energy are identical, mirror images, or differ by exchange of like atoms."""

TRIES_A_CONFORMER = 6

_Point = tuple[Torsion, float, np.ndarray]


def torsion_frames(
    molecule: MolecularSystem, *, step_degrees: float, copies: int, seed: int
) -> Iterator[LabelledFrame]:
    """Rotate each rotatable bond by 360° and back; the teacher relaxes everything but the angle.

    Each point provides its relaxed geometry, displaced copies of it, and as many displaced copies
    of the start rotated to the same angle without relaxation. The points are in random order, so
    that those held out at the end are complete points anywhere on the path.

    Args:
        molecule: at its minimum.
        step_degrees: distance between two points.
        copies: displaced copies of each kind for each point.
        seed: seed of the order and the displacements.

    Yields:
        Labelled frames; none without rotatable bonds, nor where the teacher refuses, does not
        converge or rearranges the bonds.
    """
    rng = np.random.default_rng(seed)
    start = np.array(molecule.positions_angstrom)
    calculator = teacher_of(molecule)
    points = [
        point
        for torsion in _torsions(molecule)
        for point in _scan(
            calculator, molecule, torsion, start=start, step_degrees=step_degrees, back=True
        )
    ]
    for index in rng.permutation(len(points)):
        torsion, angle, relaxed = points[index]
        missing = angle - dihedral_degrees(start, atoms=torsion.atoms)
        rigid = turned(start, torsion=torsion, degrees=missing)
        geometries = [relaxed]
        for _ in range(copies):
            for place in (relaxed, rigid):
                geometries.append(place + rng.normal(scale=JOSTLE_ANGSTROM, size=place.shape))
        yield from _labelled(calculator, molecule, geometries, kind="torsion")


def conformer_frames(
    molecule: MolecularSystem, *, conformers: int, step_degrees: float, copies: int, seed: int
) -> Iterator[LabelledFrame]:
    """Find other conformers, and rotate each rotatable bond of each of them by 360°.

    The lowest ``conformers`` that a random search finds. ``copies`` are displaced ones of each
    relaxed point.

    Yields:
        Labelled frames, in random order; see :func:`torsion_frames` for omitted ones.
    """
    rng = np.random.default_rng(seed)
    calculator = teacher_of(molecule)
    points = [
        geometry
        for start in _conformers(calculator, molecule, conformers, rng)
        for torsion in _torsions(molecule)
        for _, _, geometry in _scan(
            calculator, molecule, torsion, start=start, step_degrees=step_degrees, back=False
        )
    ]
    for index in rng.permutation(len(points)):
        relaxed = points[index]
        jostled = relaxed + rng.normal(scale=JOSTLE_ANGSTROM, size=(copies, *relaxed.shape))
        yield from _labelled(calculator, molecule, (relaxed, *jostled), kind="conformer")


def _labelled(
    calculator: BaseCalculator,
    molecule: MolecularSystem,
    geometries: Iterable[np.ndarray],
    *,
    kind: str,
) -> Iterator[LabelledFrame]:
    """Label geometries, (N, 3) in Å each, omitting those that the teacher refuses."""
    atoms = molecule.to_ase()
    for geometry in geometries:
        atoms.positions = geometry
        atoms.calc = calculator
        yield from label(f"{molecule.name}/{kind}", atoms)


def _torsions(molecule: MolecularSystem) -> tuple[Torsion, ...]:
    """Return the rotatable bonds of a molecule."""
    return rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )


def _conformers(
    calculator: BaseCalculator,
    molecule: MolecularSystem,
    most: int,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    """Return the lowest minima found of the teacher, (N, 3) in Å each, that differ in energy."""
    torsions = _torsions(molecule)
    atoms = molecule.to_ase()
    atoms.calc = calculator
    energies_ev = [float(atoms.get_potential_energy())]
    found: list[tuple[float, np.ndarray]] = []
    for _ in range(TRIES_A_CONFORMER * most if torsions else 0):
        positions = np.array(molecule.positions_angstrom)
        for torsion in torsions:
            positions = turned(positions, torsion=torsion, degrees=rng.uniform(0.0, 360.0))
        atoms.positions = positions
        try:
            BFGS(atoms, logfile=None).run(fmax=RELAXED_FORCE_EV_PER_ANGSTROM, steps=300)
            energy_ev = float(atoms.get_potential_energy())
        except (CalculatorError, RuntimeError):
            continue
        if not molecule.keeps_bonds(atoms.positions):
            continue
        if min(abs(energy_ev - other) for other in energies_ev) > SAME_CONFORMER_EV:
            energies_ev.append(energy_ev)
            found.append((energy_ev, np.array(atoms.positions)))
    found.sort(key=lambda one: one[0])
    return [positions for _, positions in found[:most]]


def _scan(
    calculator: BaseCalculator,
    molecule: MolecularSystem,
    torsion: Torsion,
    *,
    start: np.ndarray,
    step_degrees: float,
    back: bool,
) -> Iterator[_Point]:
    """Relax at successive angles, each starting from the previous point, by 360° and back.

    The way back may start in another conformer of the remaining molecule.

    Yields:
        The bond, the angle and the geometry.
    """
    here = start
    first = dihedral_degrees(here, atoms=torsion.atoms)
    count = round(360.0 / step_degrees)
    way = [*range(count), *(range(count, 0, -1) if back else ())]
    for number in way:
        angle = first + 360.0 / count * number
        missing = angle - dihedral_degrees(here, atoms=torsion.atoms)
        try:
            relaxed, _, largest_force = relax_at_angle(
                calculator,
                molecule,
                turned(here, torsion=torsion, degrees=missing),
                torsion=torsion,
                degrees=angle,
                force_ev_per_angstrom=RELAXED_FORCE_EV_PER_ANGSTROM,
                steps=RELAXATION_STEPS,
            )
        except EvaluationRefusedError:
            continue
        is_relaxed = largest_force <= RELAXED_FORCE_EV_PER_ANGSTROM
        if is_relaxed and molecule.keeps_bonds(relaxed):
            here = relaxed
            yield torsion, angle, relaxed
