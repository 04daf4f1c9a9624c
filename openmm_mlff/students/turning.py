"""Training frames along the rotation about each bond, the far conformers among them.

Thermal frames stay in the conformer they start in: the hydroxyl of a carboxylic acid is never seen
the other way round, and what a student says of it there is a guess.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem, covalent_bonds
from openmm_mlff.molecules.torsions import Torsion, dihedral_degrees, rotatable_torsions, turned
from openmm_mlff.molecules.turning import relax_at_angle
from openmm_mlff.students.frames import LabelledFrame
from openmm_mlff.students.teacher import label, teacher_calculator

if TYPE_CHECKING:
    from ase.calculators.calculator import BaseCalculator

RELAXED_FORCE_EV_PER_ANGSTROM = 0.03
RELAXATION_STEPS = 100
JOSTLE_ANGSTROM = 0.05

_Point = tuple[Torsion, float, np.ndarray]


def torsion_frames(
    molecule: MolecularSystem, *, step_degrees: float, copies: int, seed: int
) -> Iterator[LabelledFrame]:
    """Turn each rotatable bond once round and back; the teacher relaxes all but the angle.

    Each point gives its relaxed geometry, jostled copies of it, and as many jostled copies of the
    start turned to the same angle without relaxation.  The points come in random order, so that
    those held out at the end are whole points from anywhere on the way round.

    Args:
        molecule: at its minimum.
        step_degrees: between two points.
        copies: jostled ones of each sort for each point.
        seed: of the order and the jostling.

    Yields:
        Labelled frames; none where no bond turns, nor where the teacher refuses, does not come
        to rest or rearranges the bonds.
    """
    rng = np.random.default_rng(seed)
    start = np.array(molecule.positions_angstrom)
    torsions = rotatable_torsions(
        start, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )
    calculator = teacher_calculator(charge=molecule.charge, multiplicity=molecule.multiplicity)
    points = [
        point
        for torsion in torsions
        for point in _scan(calculator, molecule, torsion, step_degrees=step_degrees)
    ]
    atoms = molecule.to_ase()
    for index in rng.permutation(len(points)):
        torsion, angle, relaxed = points[index]
        missing = angle - dihedral_degrees(start, atoms=torsion.atoms)
        rigid = turned(start, torsion=torsion, degrees=missing)
        geometries = [relaxed]
        for _ in range(copies):
            for place in (relaxed, rigid):
                geometries.append(place + rng.normal(scale=JOSTLE_ANGSTROM, size=place.shape))
        for geometry in geometries:
            atoms.positions = geometry
            atoms.calc = calculator
            frame = label(f"{molecule.name}/torsion", atoms)
            if frame is not None:
                yield frame


def _scan(
    calculator: "BaseCalculator",
    molecule: MolecularSystem,
    torsion: Torsion,
    *,
    step_degrees: float,
) -> Iterator[_Point]:
    """Relax at one angle after the other, once round and back, each from its neighbour.

    The way back begins in whatever conformer of the rest the way on has led to.

    Yields:
        The bond, the angle and the geometry.
    """
    here = np.array(molecule.positions_angstrom)
    start = dihedral_degrees(here, atoms=torsion.atoms)
    count = round(360.0 / step_degrees)
    way = [*range(count), *range(count, 0, -1)]
    for number in way:
        angle = start + 360.0 / count * number
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
        bonds = set(covalent_bonds(molecule.atomic_numbers, relaxed))
        if largest_force <= RELAXED_FORCE_EV_PER_ANGSTROM and bonds == set(molecule.bonds):
            here = relaxed
            yield torsion, angle, relaxed
