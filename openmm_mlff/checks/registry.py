"""The checks there are: one literal tuple, and what a protocol brings of its own."""

from collections.abc import Sequence

from openmm_mlff.checks.accuracy.distribution import SPEC as DISTRIBUTION
from openmm_mlff.checks.accuracy.energy_accuracy import SPEC as ENERGY_ACCURACY
from openmm_mlff.checks.accuracy.force_accuracy import SPEC as FORCE_ACCURACY
from openmm_mlff.checks.accuracy.geometry_accuracy import SPEC as GEOMETRY_ACCURACY
from openmm_mlff.checks.accuracy.torsion_profile import SPEC as TORSION_PROFILE
from openmm_mlff.checks.accuracy.vibrations import SPEC as VIBRATIONS
from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.dynamics.drift_percent import SPEC as DRIFT_PERCENT
from openmm_mlff.checks.dynamics.energy_drift import SPEC as ENERGY_DRIFT
from openmm_mlff.checks.dynamics.kinetic_distribution import SPEC as KINETIC_DISTRIBUTION
from openmm_mlff.checks.dynamics.momentum_conservation import SPEC as MOMENTUM_CONSERVATION
from openmm_mlff.checks.dynamics.soak import SPEC as SOAK
from openmm_mlff.checks.dynamics.stability import SPEC as STABILITY
from openmm_mlff.checks.dynamics.temperature_scan import SPEC as TEMPERATURE_SCAN
from openmm_mlff.checks.dynamics.time_reversibility import SPEC as TIME_REVERSIBILITY
from openmm_mlff.checks.dynamics.timestep_convergence import SPEC as TIMESTEP_CONVERGENCE
from openmm_mlff.checks.parity.determinism import SPEC as DETERMINISM
from openmm_mlff.checks.parity.export_parity import SPEC as EXPORT_PARITY
from openmm_mlff.checks.parity.interpolation_ends import SPEC as INTERPOLATION_ENDS
from openmm_mlff.checks.parity.openmm_parity import SPEC as OPENMM_PARITY
from openmm_mlff.checks.parity.precision_noise import SPEC as PRECISION_NOISE
from openmm_mlff.checks.parity.trajectory_parity import SPEC as TRAJECTORY_PARITY
from openmm_mlff.checks.parity.unit_scale import SPEC as UNIT_SCALE
from openmm_mlff.checks.performance.memory import SPEC as MEMORY
from openmm_mlff.checks.performance.speed import SPEC as SPEED
from openmm_mlff.checks.plugins import own_checks
from openmm_mlff.checks.surface.cutoff_continuity import SPEC as CUTOFF_CONTINUITY
from openmm_mlff.checks.surface.force_consistency import SPEC as FORCE_CONSISTENCY
from openmm_mlff.checks.surface.hessian_symmetry import SPEC as HESSIAN_SYMMETRY
from openmm_mlff.checks.surface.net_force_torque import SPEC as NET_FORCE_TORQUE
from openmm_mlff.checks.surface.periodic_consistency import SPEC as PERIODIC_CONSISTENCY
from openmm_mlff.checks.surface.permutation_invariance import SPEC as PERMUTATION_INVARIANCE
from openmm_mlff.checks.surface.reflection_invariance import SPEC as REFLECTION_INVARIANCE
from openmm_mlff.checks.surface.rotation_invariance import SPEC as ROTATION_INVARIANCE
from openmm_mlff.checks.surface.short_range_repulsion import SPEC as SHORT_RANGE_REPULSION
from openmm_mlff.checks.surface.size_extensivity import SPEC as SIZE_EXTENSIVITY
from openmm_mlff.checks.surface.translation_invariance import SPEC as TRANSLATION_INVARIANCE
from openmm_mlff.config import Protocol, nearest
from openmm_mlff.errors import ConfigError

CHECKS: tuple[CheckSpec, ...] = (
    EXPORT_PARITY,
    OPENMM_PARITY,
    TRAJECTORY_PARITY,
    DETERMINISM,
    PRECISION_NOISE,
    UNIT_SCALE,
    INTERPOLATION_ENDS,
    TRANSLATION_INVARIANCE,
    ROTATION_INVARIANCE,
    REFLECTION_INVARIANCE,
    PERMUTATION_INVARIANCE,
    NET_FORCE_TORQUE,
    FORCE_CONSISTENCY,
    HESSIAN_SYMMETRY,
    CUTOFF_CONTINUITY,
    SHORT_RANGE_REPULSION,
    SIZE_EXTENSIVITY,
    PERIODIC_CONSISTENCY,
    STABILITY,
    ENERGY_DRIFT,
    DRIFT_PERCENT,
    MOMENTUM_CONSERVATION,
    TIMESTEP_CONVERGENCE,
    TIME_REVERSIBILITY,
    TEMPERATURE_SCAN,
    KINETIC_DISTRIBUTION,
    SOAK,
    FORCE_ACCURACY,
    ENERGY_ACCURACY,
    GEOMETRY_ACCURACY,
    VIBRATIONS,
    DISTRIBUTION,
    TORSION_PROFILE,
    SPEED,
    MEMORY,
)


def checks_of(protocol: Protocol) -> tuple[CheckSpec, ...]:
    """Give the checks that a protocol may name: those of the package, then its own."""
    return (*CHECKS, *own_checks(protocol, known=[spec.id for spec in CHECKS]))


def get_check(check_id: str, checks: Sequence[CheckSpec] = CHECKS) -> CheckSpec:
    """Look a check up by its id.

    Args:
        check_id: as in protocols and reports.
        checks: among which it is looked for.

    Returns:
        The check.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    for spec in checks:
        if spec.id == check_id:
            return spec
    raise ConfigError(f"unknown check {check_id!r}; {nearest(check_id, [s.id for s in checks])}")


def select(protocol: Protocol) -> list[tuple[CheckSpec, bool]]:
    """List the checks of a protocol, each with whether the verdict rests on it.

    Args:
        protocol: its ids and thresholds are checked here, before anything is run.

    Returns:
        (check, required), in the order of the registry; a check that is both required and
        reported is required.

    Raises:
        ConfigError: an unknown check or threshold, a threshold that is missing, or one in another
            unit than the check's.
    """
    known = checks_of(protocol)
    for check_id in protocol.criteria:
        _check_criteria(protocol, spec=get_check(check_id, known))
    required = {get_check(check_id, known).id for check_id in protocol.required}
    wanted = required | {get_check(check_id, known).id for check_id in protocol.reported}
    selected = [(spec, spec.id in required) for spec in known if spec.id in wanted]
    for spec, _ in selected:
        criteria = protocol.criteria_for(spec.id)
        for name in spec.thresholds:
            spec.threshold(criteria, name=name)
    return selected


def _check_criteria(protocol: Protocol, *, spec: CheckSpec) -> None:
    """See that the thresholds of one check are known to it, and in its units."""
    for name, threshold in protocol.criteria_for(spec.id).items():
        key = f"criteria.{spec.id}.{name}"
        if name not in spec.thresholds:
            raise ConfigError(
                f"protocol {protocol.name}: unknown key {key!r}; "
                f"{nearest(name, list(spec.thresholds))}"
            )
        if threshold.unit != spec.thresholds[name]:
            raise ConfigError(
                f"protocol {protocol.name}: {key} is in {threshold.unit!r}, expected "
                f"{spec.thresholds[name]!r}; convert the value"
            )
