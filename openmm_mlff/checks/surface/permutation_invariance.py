"""Are like atoms alike?"""

from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.surface.evidence import judge_changes
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult


def permutation_invariance(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare energies and forces before and after atoms of one element change places.

    max |E(πx) − E(x)| / N and max |π⁻¹ F(πx) − F(x)| over the minimum and thermal frames.

    Args:
        observations: with the probe ``permutation_invariance``.
        criteria: ``energy`` (meV/atom), ``forces`` (meV/Å).

    Returns:
        PASS where both are within their thresholds.
    """
    move = "when like atoms change places"
    return judge_changes(SPEC, observations, criteria, move=move, keep=None)


SPEC = CheckSpec(
    id="permutation_invariance",
    group="surface",
    scope="system",
    title="Are like atoms alike?",
    formula="max |E(πx) − E(x)| / N, max |π⁻¹ F(πx) − F(x)|; π exchanges like atoms",
    unit="meV/atom",
    source="like atoms are indistinguishable; limits as for rotations",
    thresholds={"energy": "meV/atom", "forces": "meV/Å"},
    failure_mode="The energy depends on the order of the atoms in the file: two molecules of one "
    "kind differ, and a proton that moves to another place costs energy.",
    remedy="Let nothing in the model depend on an atom's index; sum over neighbours without order.",
    function=permutation_invariance,
    probes=("permutation_invariance",),
)
