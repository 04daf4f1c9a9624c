"""Does the energy depend on how the system is oriented?"""

import numpy as np
from scipy.spatial.transform import Rotation

from openmm_mlff.checks.base import Subject
from openmm_mlff.checks.surface import moves
from openmm_mlff.config import Limits
from openmm_mlff.plots import STYLES, Axis, Band, Line, Panel, Plot, finite_or_nan
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

SCAN_STEP_DEGREES = 5.0
COARSE_STEP_DEGREES = 15.0  # in boxes and beyond 50 atoms: the scan is drawn only, and not judged
FINE_UP_TO_ATOMS = 50
DRAWN_LIMITS = 1.6  # the axis extends to at least this multiple of the limit: noise looks small


@record
class Record(moves.Changes):
    """Changes under random rotations, and along scans about x, y and z."""

    scan_angles_degrees: np.ndarray = array("angles")  # of each scan
    # against the first angle, at the minimum
    scan_energy_changes_ev: np.ndarray = array(3, "angles")


def measure(subject: Subject) -> Record | NotApplicable:
    """Rotate every geometry at random, and the minimum step by step about each axis."""
    if reason := moves.without_orientation(subject):
        return reason
    matrices = Rotation.random(subject.spec.rotations, random_state=subject.seed).as_matrix()
    changes = moves.measure_operations(subject, matrices=matrices)
    is_fine = not subject.molecule.is_periodic and subject.molecule.n_atoms <= FINE_UP_TO_ATOMS
    step = SCAN_STEP_DEGREES if is_fine else COARSE_STEP_DEGREES
    angles = np.arange(0.0, 360.0 + 0.5 * step, step)
    turns = np.concatenate([np.outer(angles, axis) for axis in np.eye(3)])
    matrices = Rotation.from_rotvec(turns, degrees=True).as_matrix()
    minimum = subject.molecule.positions_angstrom[None]
    scan = moves.measure_operations(subject, matrices=matrices, geometries=minimum)
    scanned_ev = scan.energy_changes_ev.reshape(3, -1)
    return Record(
        **vars(changes),
        scan_angles_degrees=angles,
        scan_energy_changes_ev=scanned_ev - scanned_ev[:, :1],
    )


judge = moves.judge_changes(move="rotating the system")


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the energy of the minimum against the angle of rotation about x, y and z."""
    n_atoms, limit = record.force_changes.shape[-2], limits["energy"].value
    changes_mev = finite_or_nan(record.scan_energy_changes_ev) * MEV_PER_EV / n_atoms
    known = changes_mev[np.isfinite(changes_mev)]
    if not len(known):
        return []
    low, high = min(float(known.min()), 0.0), max(float(known.max()), 0.0)
    margin, reach = 0.06 * (high - low), DRAWN_LIMITS * limit
    lines = [
        Line(record.scan_angles_degrees, changes_mev[k], f"about {axis}", k, STYLES[k])
        for k, axis in enumerate("xyz")
    ]
    panel = Panel(
        Axis("Angle (°)", (0.0, 360.0), ticks=tuple(range(0, 361, 60))),
        Axis("E(θ) − E(0) (meV/atom)", (min(low - margin, -reach), max(high + margin, reach))),
        [Band(-limit, limit, name=f"allowed: ±{limit:g} meV/atom"), *lines],
    )
    caption = f"It spans {known.max() - known.min():.3g} meV/atom and should be constant."
    return [Plot("Energy against rotation", [panel], caption, name="rotation")]


CHECK = moves.invariance_check(
    __name__,
    formula="max |E(Rx) − E(x)| / N, max |Rᵀ F(Rx) − F(x)|; random rotations R",
    source="ml-peg calls 1 meV/atom and 1 meV/Å bad; healthy float32: 1e-4 meV/atom, 0.008 meV/Å",
    consequence="Molecules start to rotate by themselves, and results depend on the orientation.",
    remedy="Retraining cannot correct this: a learned matrix over x, y and z, or components used "
    "one by one, are not equivariant. Use an invariant or equivariant architecture.",
    record=Record,
)
