"""Does it matter how the molecule is turned?"""

import numpy as np
from scipy.spatial.transform import Rotation

from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.surface.invariance import (
    apply_operation,
    cannot_be_turned,
    evaluate_turned,
    probe_operations,
)

SCAN_STEP_DEGREES = 5.0
AXES = ("x", "y", "z")


def probe_rotation_invariance(subject: ProbeSubject) -> ProbeOutcome:
    """Turn every geometry at random, and the minimum step by step about each axis.

    Args:
        subject: what to probe.

    Returns:
        What :func:`probe_operations` gives, and `scan_angles_degrees` (A,) with
        `scan_energy_changes_ev` (3, A) for x, y and z.
    """
    refused = cannot_be_turned(subject)
    if refused is not None:
        return refused
    turns = Rotation.random(subject.spec.rotations, random_state=subject.seed).as_matrix()
    outcome = probe_operations(subject, [(turn, np.zeros(3)) for turn in turns])
    angles = np.arange(0.0, 360.0 + 0.5 * SCAN_STEP_DEGREES, SCAN_STEP_DEGREES)
    scan = {
        "scan_angles_degrees": angles,
        "scan_energy_changes_ev": _scan(subject, angles_degrees=angles),
    }
    return ProbeOutcome(outcome.data, {**outcome.arrays, **scan})


def _scan(subject: ProbeSubject, *, angles_degrees: np.ndarray) -> np.ndarray:
    """Turn the minimum about x, y and z; the first angle is where it stands."""
    minimum = subject.molecule.positions_angstrom[None]
    turns = [
        Rotation.from_rotvec(np.outer(angles_degrees, axis), degrees=True).as_matrix()
        for axis in np.eye(len(AXES))
    ]
    every = [turn for about in turns for turn in about]
    placed = np.stack([apply_operation(minimum, (turn, np.zeros(3))) for turn in every])
    energies_ev = evaluate_turned(subject, placed, every).energies_ev
    energies_ev = energies_ev.reshape(len(AXES), len(angles_degrees))
    return energies_ev - energies_ev[:, :1]
