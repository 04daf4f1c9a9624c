"""A check of your own: is each bond angle at a terminal atom stiff?

openmm-mlff validate student:ultra-tiny -s water --protocol quick --plugin examples/own_check.py
"""

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.base import Check, Judgement, Measure, judged
from openmm_mlff.config import Limits
from openmm_mlff.molecules import name_atoms
from openmm_mlff.plots import Axis, Level, Line, Panel, Plot
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

BENDS_DEGREES = np.linspace(-20.0, 20.0, 9)


@record
class Record:
    """Energies along the bending of A angles.

    Attributes:
        names: of the angles, e.g. H2–O1–H3.
        bends_degrees: from the minimum.
        energies_ev: against the minimum.
    """

    names: tuple[str, ...]
    bends_degrees: np.ndarray = array("bends")
    energies_ev: np.ndarray = array("angles", "bends")


def measure(subject: "Subject") -> Record | NotApplicable:
    """Bend each angle end–centre–other in its plane, all other atoms fixed."""
    molecule = subject.molecule
    neighbours = Counter(atom for bond in molecule.bonds for atom in bond)
    angles = [
        (end, centre, other)
        for bond in molecule.bonds
        for end, centre in (bond, bond[::-1])
        if neighbours[end] == 1
        for other in sorted({a for b in molecule.bonds if centre in b for a in b} - {end, centre})
    ]
    if not angles:
        return NotApplicable("it has no bond angle at a terminal atom")
    minimum = molecule.positions_angstrom
    bent = np.array([_bent(minimum, *angle) for angle in angles])
    found = subject.evaluate(bent.reshape(-1, *minimum.shape))
    energies_ev = found.energies_ev.reshape(len(angles), len(BENDS_DEGREES))
    return Record(
        names=tuple(name_atoms(molecule.atomic_numbers, angle) for angle in angles),
        bends_degrees=BENDS_DEGREES,
        energies_ev=energies_ev - energies_ev[:, [len(BENDS_DEGREES) // 2]],
    )


def _bent(minimum: np.ndarray, end: int, centre: int, other: int) -> np.ndarray:
    """Return the minimum with one atom rotated about another in the plane of the angle."""
    arm, across = minimum[end] - minimum[centre], minimum[other] - minimum[centre]
    normal = np.cross(across, arm)
    if np.linalg.norm(normal) < 1e-6:
        normal = np.cross(arm, np.eye(3)[np.argmin(np.abs(arm))])
    axis = normal / np.linalg.norm(normal)
    placed = np.repeat(minimum[None], len(BENDS_DEGREES), axis=0)
    turns = Rotation.from_rotvec(np.outer(BENDS_DEGREES, axis), degrees=True)
    placed[:, end] = minimum[centre] + turns.apply(arm)
    return placed


def judge(record: Record, limits: Limits) -> Judgement:
    """Require that bending by 20 degrees to either side costs energy."""
    costs = record.energies_ev[:, [0, -1]].min(axis=1)
    softest = int(np.argmin(costs))
    return judged(
        [
            Measure(
                f"bending {record.names[softest]} by {BENDS_DEGREES[-1]:g}° costs",
                float(costs[softest]),
                limits["cost"],
                at_least=True,
            )
        ]
    )


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Draw the energy of each angle."""
    lines = [
        Line(record.bends_degrees, energies, name, markers=True)
        for name, energies in zip(record.names, record.energies_ev, strict=True)
    ]
    needed = Level(limits["cost"].value, f"needed: {limits['cost'].value:g} eV")
    panel = Panel(Axis("Bend (°)"), Axis("Energy (eV)"), [*lines, needed])
    return [Plot("Energy of bending", [panel])]


CHECK = Check(
    id="angle_stiffness",
    group="surface",
    question="Does bending an angle cost energy?",
    formula="min over angles of E(±20°) − E(0°), other atoms fixed",
    unit="eV",
    limits={"cost": "eV"},
    source="typical bending constants of 3 eV/rad²: 20° costs 0.2 eV",
    consequence="Angles open and close freely, and the shape of the molecule means nothing.",
    remedy="Add bent geometries, labelled by the reference, to the training data and retrain.",
    record=Record,
    measure=measure,
    judge=judge,
    plots=plots,
    needs=("minimum",),
)

CHECKS = (CHECK,)
CRITERIA = {"angle_stiffness": {"cost": {"value": 0.02, "unit": "eV", "source": "as above"}}}
