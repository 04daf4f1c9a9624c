"""Is the force Jacobian symmetric, as that of a gradient is?"""

import numpy as np

from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.surface.noise import measure_noise

STEP_ANGSTROM = 1e-3


def probe_hessian_symmetry(subject: ProbeSubject) -> ProbeOutcome:
    """Work out dF/dx by central differences, at the minimum and at thermal frames.

    Args:
        subject: what to probe.

    Returns:
        `jacobians` (M, 3N, 3N), eV/Å², row: force, column: displaced coordinate, the minimum
        first; `positions_angstrom` (M, N, 3); `refused` (M,).
    """
    geometries = subject.geometries()[: subject.spec.hessian_geometries]
    size = 3 * subject.molecule.n_atoms
    steps = STEP_ANGSTROM * np.eye(size).reshape(size, -1, 3)
    placed = geometries[:, None, None] + np.stack([steps, -steps])
    found = evaluate_each(subject, subject.molecule, placed.reshape(-1, *geometries.shape[1:]))
    forces = found.forces_ev_per_angstrom.reshape(len(geometries), 2, size, size)
    jacobians = (forces[:, 0] - forces[:, 1]).swapaxes(1, 2) / (2.0 * STEP_ANGSTROM)
    return ProbeOutcome(
        data={"step_angstrom": STEP_ANGSTROM, **found.refusals()},
        arrays={
            "jacobians": jacobians,
            "positions_angstrom": geometries,
            "refused": np.any(found.refused.reshape(len(geometries), -1), axis=1),
            **measure_noise(subject),
        },
    )
