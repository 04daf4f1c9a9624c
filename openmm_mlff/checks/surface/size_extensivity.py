"""Are two molecules, far apart, twice one molecule?"""

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, largest, largest_norm, probe_array
from openmm_mlff.checks.surface.evidence import (
    detection_limit,
    refusal_note,
    too_many_refused,
)
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV


def size_extensivity(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare two copies 100 Å apart with one.

    max |E(AB) − 2 E(A)| and max |F(AB) − F(A)|.

    Args:
        observations: with the probe ``size_extensivity``.
        criteria: ``energy`` (meV), ``forces`` (meV/Å).

    Returns:
        PASS where both are within their thresholds.
    """
    probe = find_probe(SPEC, observations, name="size_extensivity")
    if isinstance(probe, CheckResult):
        return probe
    forces = probe_array(probe, name="force_changes", shape=(None, 2, None, 3))
    shape = forces.shape[:1]
    excess = probe_array(probe, name="energy_excess_ev", shape=shape)
    refused = probe_array(probe, name="refused", shape=shape).astype(bool)
    undecided = too_many_refused(SPEC, observations, probe=probe, refused=refused)
    if undecided is not None:
        return undecided
    apart = f"{float(probe.data['separation_angstrom']):g} Å apart"
    measures = [
        Measure(
            f"the energy of two copies {apart} differs from twice that of one by up to",
            largest(excess[~refused]) * MEV_PER_EV,
            SPEC.threshold(criteria, name="energy"),
        ),
        Measure(
            f"forces change when a copy is put {apart} by up to",
            largest_norm(forces[~refused]) * MEV_PER_EV,
            SPEC.threshold(criteria, name="forces"),
        ),
    ]
    return SPEC.judged(
        observations,
        measures=measures,
        evidence={
            "energy_excess_mev_by_geometry": excess * MEV_PER_EV,
            **detection_limit(probe, n_atoms=1),
        },
        note=refusal_note(refused),
    )


SPEC = CheckSpec(
    id="size_extensivity",
    group="surface",
    scope="system",
    title="Are two molecules, far apart, twice one molecule?",
    formula="max |E(AB) − 2 E(A)|, max |F(AB) − F(A)| at 100 Å",
    unit="meV",
    source="ml-peg calls 10 meV and 5 meV/Å bad",
    thresholds={"energy": "meV", "forces": "meV/Å"},
    failure_mode="Molecules that are out of each other's sight act on each other: a box of them is "
    "no sum of its parts, and what was validated on one molecule says nothing about many.",
    remedy="Let the energy be a sum over atoms that each see a finite neighbourhood; no pooling, "
    "normalising or attention over the whole system.",
    function=size_extensivity,
    probes=("size_extensivity",),
)
