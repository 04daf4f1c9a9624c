"""Do OpenMM and ASE walk the same way from the same start?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import by_dtype, find_probe, largest_norm, probe_array
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult


def trajectory_parity(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare OpenMM's ``VerletIntegrator`` with ASE's ``VelocityVerlet``, step by step.

    max |x_OpenMM(t) − x_ASE(t)| over frames and atoms, from one start.

    Args:
        observations: with the probe ``trajectory_parity``.
        criteria: ``positions_float32``, ``positions_float64`` (Å).

    Returns:
        PASS where the trajectories stay together; INCONCLUSIVE where nothing moved.
    """
    probe = find_probe(SPEC, observations, name="trajectory_parity")
    if isinstance(probe, CheckResult):
        return probe
    limit = by_dtype(SPEC, criteria, probe=probe, quantity="positions")
    openmm = probe_array(probe, name="openmm_positions_angstrom", shape=(None, None, 3))
    ase = probe_array(probe, name="ase_positions_angstrom", shape=openmm.shape)
    with np.errstate(invalid="ignore"):
        apart = np.linalg.norm(openmm - ase, axis=-1).max(axis=1)
        travelled = largest_norm(ase - ase[0])
    beyond = np.flatnonzero(~(apart <= limit.value))
    steps = int(probe.data["steps"])
    timestep_fs = float(probe.data["timestep_fs"])
    evidence = {
        "dtype": probe.data["dtype"],
        "steps": steps,
        "timestep_fs": timestep_fs,
        "frames": len(openmm),
        "first_frame_beyond": int(beyond[0]) if len(beyond) else None,
        "difference_angstrom": apart,
        "largest_displacement_angstrom": travelled,
    }
    if len(openmm) > 1 and travelled == 0.0 and not len(beyond):
        return SPEC.inconclusive(
            observations, reason="no atom moved, so nothing was compared", evidence=evidence
        )
    clause = (
        f"after {steps} steps of {timestep_fs:g} fs OpenMM's atoms and ASE's are apart by up to"
    )
    return SPEC.judged(
        observations,
        measures=[Measure(clause, largest_norm(openmm - ase), limit)],
        evidence=evidence,
    )


SPEC = CheckSpec(
    id="trajectory_parity",
    group="parity",
    scope="system",
    title="Do OpenMM and ASE walk the same way from the same start?",
    formula="max |x_OpenMM(t) − x_ASE(t)|, VerletIntegrator against VelocityVerlet",
    unit="Å",
    source="velocity Verlet and leapfrog are one trajectory; OpenMM's velocities lag half a step",
    thresholds={"positions_float32": "Å", "positions_float64": "Å"},
    failure_mode="The same model gives different dynamics in OpenMM and in ASE; results from one "
    "cannot be compared with results from the other.",
    remedy="Look whether the difference grows from the first step (masses, units, the half step of "
    "the velocities) or exponentially later (rounding), and validate in double precision.",
    function=trajectory_parity,
    probes=("trajectory_parity",),
)
