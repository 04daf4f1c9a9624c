"""Does it matter how the molecule is turned?"""

from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.surface.evidence import judge_changes
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult


def rotation_invariance(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare energies and forces before and after random rotations.

    max |E(Rx) − E(x)| / N and max |Rᵀ F(Rx) − F(x)| over the minimum and thermal frames.

    Args:
        observations: with the probe ``rotation_invariance``.
        criteria: ``energy`` (meV/atom), ``forces`` (meV/Å).

    Returns:
        PASS where both are within their thresholds.
    """
    move = "when the molecule is turned"
    return judge_changes(SPEC, observations, criteria, move=move, keep=None)


SPEC = CheckSpec(
    id="rotation_invariance",
    group="surface",
    scope="system",
    title="Does it matter how the molecule is turned?",
    formula="max |E(Rx) − E(x)| / N, max |Rᵀ F(Rx) − F(x)|; random rotations R",
    unit="meV/atom",
    source="ml-peg calls 1 meV/atom and 1 meV/Å bad; healthy float32: 1e-4 meV/atom, 0.008 meV/Å",
    thresholds={"energy": "meV/atom", "forces": "meV/Å"},
    failure_mode="The energy depends on the direction in which the molecule points: it turns "
    "itself, angular momentum is not conserved, and structures, spectra and free energies depend "
    "on how the box was set up.",
    remedy="No training mends this: a matrix learnt over x, y and z, or components used one by "
    "one, are not equivariant. Use an invariant or equivariant architecture.",
    function=rotation_invariance,
    probes=("rotation_invariance",),
)
