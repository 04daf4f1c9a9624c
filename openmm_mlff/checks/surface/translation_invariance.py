"""Does it matter where the molecule is?"""

from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.surface.evidence import judge_changes
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult

JUDGED_DISTANCES = 2
"""10 and 100 Å decide; 1000 Å, farther than a molecule drifts in most boxes, is reported."""


def translation_invariance(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare energies and forces before and after a shift by 10 Å and by 100 Å.

    max |E(x+t) − E(x)| / N and max |F(x+t) − F(x)| over the minimum and thermal frames.

    Args:
        observations: with the probe ``translation_invariance``.
        criteria: ``energy`` (meV/atom), ``forces`` (meV/Å).

    Returns:
        PASS where both are within their thresholds.
    """
    return judge_changes(
        SPEC,
        observations,
        criteria,
        move="when the molecule is shifted",
        keep=JUDGED_DISTANCES,
    )


SPEC = CheckSpec(
    id="translation_invariance",
    group="surface",
    scope="system",
    title="Does it matter where the molecule is?",
    formula="max |E(x+t) − E(x)| / N, max |F(x+t) − F(x)|; |t| = 10, 100 Å (1000 Å reported)",
    unit="meV/atom",
    source="ml-peg calls 1 meV/atom and 1 meV/Å bad; rounding of float32 coordinates at 100 Å is "
    "0.2 meV/Å",
    thresholds={"energy": "meV/atom", "forces": "meV/Å"},
    failure_mode="A molecule that diffuses gains or loses energy on its way: an outer field acts "
    "on it, or its coordinates are rounded where they should be subtracted first.",
    remedy="Take differences of positions in double precision before anything else; give the model "
    "no absolute coordinate.",
    function=translation_invariance,
    probes=("translation_invariance",),
)
