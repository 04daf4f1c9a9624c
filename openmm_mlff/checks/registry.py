"""The checks there are: one literal tuple."""

from openmm_mlff.checks.base import CheckSpec
from openmm_mlff.checks.determinism import SPEC as DETERMINISM
from openmm_mlff.checks.drift_percent import SPEC as DRIFT_PERCENT
from openmm_mlff.checks.energy_accuracy import SPEC as ENERGY_ACCURACY
from openmm_mlff.checks.energy_drift import SPEC as ENERGY_DRIFT
from openmm_mlff.checks.export_parity import SPEC as EXPORT_PARITY
from openmm_mlff.checks.force_accuracy import SPEC as FORCE_ACCURACY
from openmm_mlff.checks.geometry_accuracy import SPEC as GEOMETRY_ACCURACY
from openmm_mlff.checks.memory import SPEC as MEMORY
from openmm_mlff.checks.momentum_conservation import SPEC as MOMENTUM_CONSERVATION
from openmm_mlff.checks.openmm_parity import SPEC as OPENMM_PARITY
from openmm_mlff.checks.precision_noise import SPEC as PRECISION_NOISE
from openmm_mlff.checks.speed import SPEC as SPEED
from openmm_mlff.checks.stability import SPEC as STABILITY
from openmm_mlff.checks.trajectory_parity import SPEC as TRAJECTORY_PARITY
from openmm_mlff.config import Protocol, nearest
from openmm_mlff.errors import ConfigError

CHECKS: tuple[CheckSpec, ...] = (
    EXPORT_PARITY,
    OPENMM_PARITY,
    TRAJECTORY_PARITY,
    DETERMINISM,
    PRECISION_NOISE,
    STABILITY,
    ENERGY_DRIFT,
    DRIFT_PERCENT,
    MOMENTUM_CONSERVATION,
    FORCE_ACCURACY,
    ENERGY_ACCURACY,
    GEOMETRY_ACCURACY,
    SPEED,
    MEMORY,
)


def get_check(check_id: str) -> CheckSpec:
    """Look a check up by its id.

    Args:
        check_id: as in protocols and reports.

    Returns:
        The check.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    for spec in CHECKS:
        if spec.id == check_id:
            return spec
    raise ConfigError(f"unknown check {check_id!r}; {nearest(check_id, [s.id for s in CHECKS])}")


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
    for check_id in protocol.criteria:
        _check_criteria(protocol, spec=get_check(check_id))
    required = {get_check(check_id).id for check_id in protocol.required}
    wanted = required | {get_check(check_id).id for check_id in protocol.reported}
    selected = [(spec, spec.id in required) for spec in CHECKS if spec.id in wanted]
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
