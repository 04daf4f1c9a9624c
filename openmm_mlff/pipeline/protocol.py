"""The protocol of a request, with the overrides of the request applied."""

from typing import Any

from openmm_mlff.checks.accuracy import second_reference
from openmm_mlff.checks.plugins import with_plugins
from openmm_mlff.config import LONGEST_PS, DynamicsSpec, Limits, Protocol, load_protocol
from openmm_mlff.request import ValidationRequest


def resolve_protocol(request: ValidationRequest) -> Protocol:
    """Load the protocol of a request and apply the overrides of the request.

    The name of the protocol then includes the requested temperature, timestep and duration.  A
    protocol with a shorter duration than its own may reject, never approve.
    """
    asked = request.protocol
    loaded = asked if isinstance(asked, Protocol) else load_protocol(asked)
    protocol = with_plugins(loaded, request.plugins)
    if request.second_reference:
        protocol = _reporting(protocol, second_reference.CHECK.id, second_reference.LIMITS)
    dynamics = protocol.dynamics
    values = (
        (request.temperature_kelvin, "K"),
        (request.timestep_fs, "fs"),
        (request.duration_ps, "ps"),
    )
    conditions = ", ".join(f"{value:g} {unit}" for value, unit in values if value is not None)
    shorter = request.duration_ps is not None and request.duration_ps < dynamics.duration_ps
    return protocol.model_copy(
        update={
            "name": f"{protocol.name} at {conditions}" if conditions else protocol.name,
            "may_approve": protocol.may_approve and not shorter,
            "dynamics": dynamics.model_copy(update=_changes(request, dynamics)),
        }
    )


def _reporting(protocol: Protocol, check_id: str, limits: Limits) -> Protocol:
    """Return a protocol that also reports a check, by these limits unless it has its own."""
    if check_id in (*protocol.required, *protocol.reported):
        return protocol
    return protocol.model_copy(
        update={
            "reported": (*protocol.reported, check_id),
            "criteria": {check_id: dict(limits), **protocol.criteria},
        }
    )


def _changes(request: ValidationRequest, dynamics: DynamicsSpec) -> dict[str, Any]:
    """Return the fields of a protocol's dynamics that a request overrides."""
    changes: dict[str, Any] = {}
    if request.temperature_kelvin is not None:
        changes["temperatures_kelvin"] = (request.temperature_kelvin,)
    if request.timestep_fs is not None:
        changes["timesteps_fs"] = (request.timestep_fs,)
        shortest = min(dynamics.equilibration_timestep_fs, request.timestep_fs)
        changes["equilibration_timestep_fs"] = shortest
    if request.duration_ps is not None:
        # The limit of extension scales with the duration.
        longest_ps = request.duration_ps * dynamics.longest_ps / dynamics.duration_ps
        changes["duration_ps"] = request.duration_ps
        changes["longest_ps"] = max(min(longest_ps, LONGEST_PS), request.duration_ps)
    if request.replicas is not None:
        changes["replicas"] = request.replicas
    return changes
