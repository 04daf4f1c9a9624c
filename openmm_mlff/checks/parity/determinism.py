"""Does the same geometry always give the same energy and forces?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import GPU_PLATFORMS, find_probe, largest, largest_norm, probe_array
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV

SMALLEST_ENERGY_SCALE_EV = 1.0
SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM = 0.1
"""Below these, differences are taken relative to these: a zero of energy is no scale."""


def determinism(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare repeated evaluations of one geometry, between which another one was evaluated.

    max |E_r − E_1| / |E| and max |F_r − F_1| / max |F| on CPU and Reference; on a GPU, whose sums
    run in changing order, max |F_r − F_1| in eV/Å.

    Args:
        observations: with the probe ``determinism``.
        criteria: ``cpu_relative`` (ratio), ``gpu_forces`` (eV/Å).

    Returns:
        PASS where the repeats agree; INCONCLUSIVE where there was only one.
    """
    probe = find_probe(SPEC, observations, name="determinism")
    if isinstance(probe, CheckResult):
        return probe
    forces = probe_array(probe, name="forces", shape=(None, None, 3))
    energies_ev = probe_array(probe, name="energies_ev", shape=(len(forces),))
    if len(forces) < 2:
        return SPEC.inconclusive(observations, reason="the geometry was evaluated only once")
    with np.errstate(invalid="ignore"):
        energy_ev = largest(energies_ev - energies_ev[0])
        force = largest_norm(forces - forces[0])
    energy_scale_ev = max(largest(energies_ev), SMALLEST_ENERGY_SCALE_EV)
    force_scale = max(largest_norm(forces), SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM)
    calls = f"over {len(forces)} calls at one geometry"
    if probe.data["platform"] in GPU_PLATFORMS:
        limit = SPEC.threshold(criteria, name="gpu_forces")
        # An energy that is not a number must not hide behind a criterion for forces.
        value = force if np.isfinite(energy_ev) else float("nan")
        measures = [Measure(f"{calls} the forces change by up to", value, limit)]
    else:
        limit = SPEC.threshold(criteria, name="cpu_relative")
        measures = [
            Measure(f"{calls} the forces change by a relative", force / force_scale, limit),
            Measure(
                f"{calls} the energy changes by a relative", energy_ev / energy_scale_ev, limit
            ),
        ]
    evidence = {
        "platform": probe.data["platform"],
        "dtype": probe.data.get("dtype"),
        "calls": len(forces),
        "energy_noise_mev_per_atom": energy_ev * MEV_PER_EV / forces.shape[1],
        "force_noise_ev_per_angstrom": force,
    }
    return SPEC.judged(observations, measures=measures, evidence=evidence)


SPEC = CheckSpec(
    id="determinism",
    group="parity",
    scope="system",
    title="Does the same geometry always give the same energy and forces?",
    formula="max |F_r − F_1| / max |F|, max |E_r − E_1| / |E| (on a GPU max |F_r − F_1|)",
    unit="ratio",
    source="rounding; dropout, state kept between calls and stale neighbour lists exceed it",
    thresholds={"cpu_relative": "ratio", "gpu_forces": "eV/Å"},
    failure_mode="The forces depend on what was evaluated before (dropout left on, state kept, a "
    "stale neighbour list): energy is not conserved and no run can be repeated.",
    remedy="Put the model into evaluation mode before exporting it, and look for buffers or "
    "neighbour lists that survive a call.",
    function=determinism,
    probes=("determinism",),
)
