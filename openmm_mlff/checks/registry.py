"""All checks: one literal tuple, and those that a protocol adds."""

from collections.abc import Sequence

from openmm_mlff.checks.accuracy.bond_smoothness import CHECK as BOND_SMOOTHNESS
from openmm_mlff.checks.accuracy.conformers import CHECK as CONFORMERS
from openmm_mlff.checks.accuracy.density import CHECK as DENSITY
from openmm_mlff.checks.accuracy.diffusion import CHECK as DIFFUSION
from openmm_mlff.checks.accuracy.energy_accuracy import CHECK as ENERGY_ACCURACY
from openmm_mlff.checks.accuracy.force_accuracy import CHECK as FORCE_ACCURACY
from openmm_mlff.checks.accuracy.geometry_accuracy import CHECK as GEOMETRY_ACCURACY
from openmm_mlff.checks.accuracy.interaction_energy import CHECK as INTERACTION_ENERGY
from openmm_mlff.checks.accuracy.radial_distribution import CHECK as RADIAL_DISTRIBUTION
from openmm_mlff.checks.accuracy.second_reference import CHECK as SECOND_REFERENCE
from openmm_mlff.checks.accuracy.softening import CHECK as SOFTENING
from openmm_mlff.checks.accuracy.torsion_profile import CHECK as TORSION_PROFILE
from openmm_mlff.checks.accuracy.uncertainty import CHECK as UNCERTAINTY
from openmm_mlff.checks.accuracy.vibrational_density import CHECK as VIBRATIONAL_DENSITY
from openmm_mlff.checks.accuracy.vibrations import CHECK as VIBRATIONS
from openmm_mlff.checks.base import Check
from openmm_mlff.checks.dynamics.drift_percent import CHECK as DRIFT_PERCENT
from openmm_mlff.checks.dynamics.energy_drift import CHECK as ENERGY_DRIFT
from openmm_mlff.checks.dynamics.ensemble import CHECK as ENSEMBLE
from openmm_mlff.checks.dynamics.kinetic_distribution import CHECK as KINETIC_DISTRIBUTION
from openmm_mlff.checks.dynamics.memory_growth import CHECK as MEMORY_GROWTH
from openmm_mlff.checks.dynamics.momentum_conservation import CHECK as MOMENTUM_CONSERVATION
from openmm_mlff.checks.dynamics.npt_stability import CHECK as NPT_STABILITY
from openmm_mlff.checks.dynamics.slow_down import CHECK as SLOW_DOWN
from openmm_mlff.checks.dynamics.stability import CHECK as STABILITY
from openmm_mlff.checks.dynamics.temperature import CHECK as TEMPERATURE
from openmm_mlff.checks.dynamics.temperature_scan import CHECK as TEMPERATURE_SCAN
from openmm_mlff.checks.dynamics.time_reversibility import CHECK as TIME_REVERSIBILITY
from openmm_mlff.checks.dynamics.timestep_convergence import CHECK as TIMESTEP_CONVERGENCE
from openmm_mlff.checks.parity.determinism import CHECK as DETERMINISM
from openmm_mlff.checks.parity.export_parity import CHECK as EXPORT_PARITY
from openmm_mlff.checks.parity.interpolation_ends import CHECK as INTERPOLATION_ENDS
from openmm_mlff.checks.parity.openmm_parity import CHECK as OPENMM_PARITY
from openmm_mlff.checks.parity.precision_noise import CHECK as PRECISION_NOISE
from openmm_mlff.checks.parity.trajectory_parity import CHECK as TRAJECTORY_PARITY
from openmm_mlff.checks.parity.unit_scale import CHECK as UNIT_SCALE
from openmm_mlff.checks.performance.memory import CHECK as MEMORY
from openmm_mlff.checks.performance.speed import CHECK as SPEED
from openmm_mlff.checks.plugins import own_checks
from openmm_mlff.checks.surface.charge_response import CHECK as CHARGE_RESPONSE
from openmm_mlff.checks.surface.cutoff_continuity import CHECK as CUTOFF_CONTINUITY
from openmm_mlff.checks.surface.equation_of_state import CHECK as EQUATION_OF_STATE
from openmm_mlff.checks.surface.every_atom_counts import CHECK as EVERY_ATOM_COUNTS
from openmm_mlff.checks.surface.force_consistency import CHECK as FORCE_CONSISTENCY
from openmm_mlff.checks.surface.hessian_symmetry import CHECK as HESSIAN_SYMMETRY
from openmm_mlff.checks.surface.net_force_torque import CHECK as NET_FORCE_TORQUE
from openmm_mlff.checks.surface.periodic_consistency import CHECK as PERIODIC_CONSISTENCY
from openmm_mlff.checks.surface.permutation_invariance import CHECK as PERMUTATION_INVARIANCE
from openmm_mlff.checks.surface.pressure_virial import CHECK as PRESSURE_VIRIAL
from openmm_mlff.checks.surface.reflection_invariance import CHECK as REFLECTION_INVARIANCE
from openmm_mlff.checks.surface.rotation_invariance import CHECK as ROTATION_INVARIANCE
from openmm_mlff.checks.surface.short_range_repulsion import CHECK as SHORT_RANGE_REPULSION
from openmm_mlff.checks.surface.size_extensivity import CHECK as SIZE_EXTENSIVITY
from openmm_mlff.checks.surface.translation_invariance import CHECK as TRANSLATION_INVARIANCE
from openmm_mlff.config import Protocol, nearest
from openmm_mlff.errors import ConfigError

CHECKS: tuple[Check, ...] = (
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
    EQUATION_OF_STATE,
    PRESSURE_VIRIAL,
    EVERY_ATOM_COUNTS,
    CHARGE_RESPONSE,
    STABILITY,
    ENERGY_DRIFT,
    DRIFT_PERCENT,
    MOMENTUM_CONSERVATION,
    TIMESTEP_CONVERGENCE,
    TIME_REVERSIBILITY,
    TEMPERATURE_SCAN,
    KINETIC_DISTRIBUTION,
    TEMPERATURE,
    NPT_STABILITY,
    ENSEMBLE,
    MEMORY_GROWTH,
    SLOW_DOWN,
    FORCE_ACCURACY,
    SOFTENING,
    ENERGY_ACCURACY,
    GEOMETRY_ACCURACY,
    VIBRATIONS,
    VIBRATIONAL_DENSITY,
    DENSITY,
    RADIAL_DISTRIBUTION,
    DIFFUSION,
    TORSION_PROFILE,
    CONFORMERS,
    BOND_SMOOTHNESS,
    INTERACTION_ENERGY,
    UNCERTAINTY,
    SECOND_REFERENCE,
    SPEED,
    MEMORY,
)


def checks_of(protocol: Protocol) -> tuple[Check, ...]:
    """Return the checks that a protocol may name: those of the package, then its own."""
    return (*CHECKS, *own_checks(protocol, known=[spec.id for spec in CHECKS]))


def get_check(check_id: str, checks: Sequence[Check] = CHECKS) -> Check:
    """Return the check of an id.

    Raises:
        ConfigError: there is none; the message names the nearest.
    """
    for spec in checks:
        if spec.id == check_id:
            return spec
    raise ConfigError(f"unknown check {check_id!r}; {nearest(check_id, [s.id for s in checks])}")


def select(protocol: Protocol) -> list[tuple[Check, bool]]:
    """Return the checks of a protocol, in the order of the registry, and whether each is required.

    A check that is both required and reported is required.

    Raises:
        ConfigError: an unknown check or threshold, a threshold that is missing, or one in another
            unit than the check's.
    """
    known = checks_of(protocol)
    wanted = {*protocol.required, *protocol.reported}
    for check_id in (*protocol.criteria, *protocol.required, *protocol.reported):
        _check_criteria(protocol, get_check(check_id, known), wanted=check_id in wanted)
    return [(spec, spec.id in protocol.required) for spec in known if spec.id in wanted]


def without_retired(protocol: Protocol) -> Protocol:
    """Return the protocol of an earlier run without what checks no longer have.

    These are thresholds, and checks that were only reported; a required check stays.
    """
    limits = {spec.id: spec.limits for spec in checks_of(protocol)}
    criteria = {
        check_id: {name: one for name, one in own.items() if name in limits[check_id]}
        for check_id, own in protocol.criteria.items()
        if check_id in limits
    }
    reported = tuple(check_id for check_id in protocol.reported if check_id in limits)
    return protocol.model_copy(update={"criteria": criteria, "reported": reported})


def _check_criteria(protocol: Protocol, spec: Check, *, wanted: bool) -> None:
    """Check that thresholds are known to a check, in its units, and complete where it is wanted."""
    found = protocol.limits_for(spec.id)
    for name, threshold in found.items():
        key = f"criteria.{spec.id}.{name}"
        if name not in spec.limits:
            raise ConfigError(
                f"protocol {protocol.name}: unknown key {key!r}; {nearest(name, list(spec.limits))}"
            )
        if threshold.unit != spec.limits[name]:
            raise ConfigError(
                f"protocol {protocol.name}: {key} is in {threshold.unit!r}, expected "
                f"{spec.limits[name]!r}; convert the value"
            )
    lacking = [name for name in spec.limits if name not in found]
    if wanted and lacking:
        raise ConfigError(
            f"the protocol {protocol.name} lacks criteria.{spec.id}.{lacking[0]} "
            f"({spec.limits[lacking[0]]}); add it, or start the protocol with extends = 'standard'"
        )
