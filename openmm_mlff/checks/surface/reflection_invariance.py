"""Does the energy know left from right?"""

from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.surface.evidence import judge_changes
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult


def reflection_invariance(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare energies and forces before and after inversion and three mirrors.

    max |E(Px) − E(x)| / N and max |Pᵀ F(Px) − F(x)| over the minimum and thermal frames.

    Args:
        observations: with the probe ``reflection_invariance``.
        criteria: ``energy`` (meV/atom), ``forces`` (meV/Å).

    Returns:
        PASS where both are within their thresholds.
    """
    move = "when the molecule is mirrored"
    return judge_changes(SPEC, observations, criteria, move=move, keep=None)


SPEC = CheckSpec(
    id="reflection_invariance",
    group="surface",
    scope="system",
    title="Does the energy know left from right?",
    formula="max |E(Px) − E(x)| / N, max |Pᵀ F(Px) − F(x)|; inversion, mirrors in x, y, z",
    unit="meV/atom",
    source="a scalar energy has no handedness; limits as for rotations",
    thresholds={"energy": "meV/atom", "forces": "meV/Å"},
    failure_mode="Mirror images of one molecule have unlike energies: racemic mixtures, chiral "
    "barriers and vibrational averages come out wrong.",
    remedy="Look for a triple product or a cross product that enters the energy an odd number of "
    "times; an invariant built of distances and dot products has none.",
    function=reflection_invariance,
    probes=("reflection_invariance",),
)
