"""Does the energy depend on how the system is oriented?"""

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.base import Check, Judgement
from openmm_mlff.checks.surface.moves import (
    Changes,
    apply_operation,
    evaluate_rotated,
    judge_changes,
    measure_operations,
    without_orientation,
)
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

SCAN_STEP_DEGREES = 5.0

COARSE_STEP_DEGREES = 15.0
"""In boxes and beyond 50 atoms: the scan is drawn, and decides nothing."""

FINE_UP_TO_ATOMS = 50


@record
class Record(Changes):
    """Changes under random rotations, and along scans about x, y and z.

    Attributes:
        scan_angles_degrees: of each scan.
        scan_energy_changes_ev: against the first angle, at the minimum.
    """

    scan_angles_degrees: np.ndarray = array("angles")
    scan_energy_changes_ev: np.ndarray = array(3, "angles")


def measure(subject: "Subject") -> Record | NotApplicable:
    """Rotate every geometry at random, and the minimum step by step about each axis."""
    if (reason := without_orientation(subject)) is not None:
        return reason
    matrices = Rotation.random(subject.spec.rotations, random_state=subject.seed).as_matrix()
    changes = measure_operations(subject, [(matrix, np.zeros(3)) for matrix in matrices])
    is_fine = not subject.molecule.is_periodic and subject.molecule.n_atoms <= FINE_UP_TO_ATOMS
    step = SCAN_STEP_DEGREES if is_fine else COARSE_STEP_DEGREES
    angles = np.arange(0.0, 360.0 + 0.5 * step, step)
    return Record(
        **vars(changes),
        scan_angles_degrees=angles,
        scan_energy_changes_ev=_scan(subject, angles_degrees=angles),
    )


def _scan(subject: "Subject", *, angles_degrees: np.ndarray) -> np.ndarray:
    """Rotate the minimum about x, y and z; return energies (3, A) against the first angle, eV."""
    minimum = subject.molecule.positions_angstrom[None]
    matrices = [
        matrix
        for axis in np.eye(3)
        for matrix in Rotation.from_rotvec(np.outer(angles_degrees, axis), degrees=True).as_matrix()
    ]
    placed = np.stack([apply_operation(minimum, (matrix, np.zeros(3))) for matrix in matrices])
    energies_ev = evaluate_rotated(subject, placed, matrices)[0].reshape(3, len(angles_degrees))
    return energies_ev - energies_ev[:, :1]


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest changes with their limits; see :func:`judge_changes`."""
    return judge_changes(record, limits, move="rotating the system")


CHECK = Check(
    id="rotation_invariance",
    group="surface",
    question="Does the energy depend on how the system is oriented?",
    formula="max |E(Rx) − E(x)| / N, max |Rᵀ F(Rx) − F(x)|; random rotations R",
    unit="meV/atom",
    limits={"energy": "meV/atom", "forces": "meV/Å"},
    source="ml-peg calls 1 meV/atom and 1 meV/Å bad; healthy float32: 1e-4 meV/atom, 0.008 meV/Å",
    consequence="The energy depends on the orientation: the molecule starts to rotate by itself, "
    "angular momentum is not conserved, and structures, spectra and free energies depend on how "
    "the box was set up.",
    remedy="Training cannot correct this: a matrix learned over x, y and z, or components used one "
    "by one, are not equivariant. Use an invariant or equivariant architecture.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=(*OWN_GEOMETRIES, "noise"),
)
