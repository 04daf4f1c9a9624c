"""Does a molecule push or turn itself?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, largest_norm, probe_array
from openmm_mlff.checks.surface.evidence import (
    detection_limit,
    refusal_note,
    too_many_refused,
)
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV


def net_force_torque(observations: Observations, criteria: Criteria) -> CheckResult:
    """Sum the forces and the torques of an isolated molecule: both vanish; in a box, the forces.

    |Σ F| / N and |Σ (x − x_c) × F| about the centroid x_c.

    Args:
        observations: with the probe ``net_force_torque``.
        criteria: ``force`` (meV/Å), ``torque`` (meV).

    Returns:
        PASS where both are within their thresholds on every geometry.
    """
    probe = find_probe(SPEC, observations, name="net_force_torque")
    if isinstance(probe, CheckResult):
        return probe
    forces = probe_array(probe, name="forces", shape=(None, None, 3))
    positions = probe_array(probe, name="positions_angstrom", shape=forces.shape)
    refused = probe_array(probe, name="refused", shape=forces.shape[:1]).astype(bool)
    undecided = too_many_refused(SPEC, observations, probe=probe, refused=refused)
    if undecided is not None:
        return undecided
    forces, positions = forces[~refused] * MEV_PER_EV, positions[~refused]
    arms = positions - positions.mean(axis=1, keepdims=True)
    net = forces.sum(axis=1) / forces.shape[1]
    torque = np.cross(arms, forces).sum(axis=1)
    measures = [
        Measure(
            "the forces do not cancel and push each atom by",
            largest_norm(net),
            SPEC.threshold(criteria, name="force"),
        )
    ]
    if not observations.system.is_periodic:
        # Images exert torques on one another.
        measures.append(
            Measure(
                "the torques about the centre do not cancel and leave",
                largest_norm(torque),
                SPEC.threshold(criteria, name="torque"),
            )
        )
    return SPEC.judged(
        observations,
        measures=measures,
        evidence={
            "net_force_mev_per_angstrom_by_geometry": np.linalg.norm(net, axis=1),
            "torque_mev_by_geometry": np.linalg.norm(torque, axis=1),
            **detection_limit(probe, n_atoms=forces.shape[1]),
        },
        note=refusal_note(refused),
    )


SPEC = CheckSpec(
    id="net_force_torque",
    group="surface",
    scope="system",
    title="Does an isolated molecule push or turn itself?",
    formula="|Σ F| / N, |Σ (x − x_c) × F|",
    unit="meV/Å",
    source="Newton's third law; limits as for translations and rotations",
    thresholds={"force": "meV/Å", "torque": "meV"},
    failure_mode="The molecule sets itself in motion or starts to spin, and takes the energy for "
    "it from nowhere.",
    remedy="Derive the forces from an energy that is invariant under translation and rotation; "
    "forces predicted directly must be made to sum to nothing.",
    function=net_force_torque,
    probes=("net_force_torque",),
)
