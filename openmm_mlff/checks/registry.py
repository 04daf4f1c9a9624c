"""All checks: one literal table, and those that a protocol adds."""

from collections.abc import Sequence
from importlib import import_module

from openmm_mlff.checks.base import Check
from openmm_mlff.checks.plugins import own_checks
from openmm_mlff.config import Protocol, nearest
from openmm_mlff.errors import ConfigError

IDS = {
    "parity": (
        "export_parity",
        "openmm_parity",
        "trajectory_parity",
        "determinism",
        "precision_noise",
        "unit_scale",
        "interpolation_ends",
    ),
    "surface": (
        "translation_invariance",
        "rotation_invariance",
        "reflection_invariance",
        "permutation_invariance",
        "net_force_torque",
        "force_consistency",
        "hessian_symmetry",
        "cutoff_continuity",
        "short_range_repulsion",
        "size_extensivity",
        "periodic_consistency",
        "equation_of_state",
        "pressure_virial",
        "every_atom_counts",
        "charge_response",
    ),
    "dynamics": (
        "stability",
        "energy_drift",
        "drift_percent",
        "momentum_conservation",
        "timestep_convergence",
        "time_reversibility",
        "temperature_scan",
        "kinetic_distribution",
        "temperature",
        "npt_stability",
        "ensemble",
        "memory_growth",
        "slow_down",
    ),
    "accuracy": (
        "force_accuracy",
        "softening",
        "energy_accuracy",
        "geometry_accuracy",
        "vibrations",
        "vibrational_density",
        "density",
        "radial_distribution",
        "diffusion",
        "torsion_profile",
        "conformers",
        "bond_smoothness",
        "interaction_energy",
        "hydration",
        "uncertainty",
        "second_reference",
    ),
    "performance": ("speed", "memory"),
}
"""By group: each is in the file ``<group>/<id>.py`` as its ``CHECK``."""

CHECKS: tuple[Check, ...] = tuple(
    import_module(f"openmm_mlff.checks.{group}.{check_id}").CHECK
    for group, ids in IDS.items()
    for check_id in ids
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
