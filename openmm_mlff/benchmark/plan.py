"""Settings of a benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from openmm_mlff.config import nearest
from openmm_mlff.errors import ConfigError
from openmm_mlff.options import Backend

DEFAULT_MODELS = ("student:original", "student:tiny", "student:ultra-tiny")
DEFAULT_SYSTEMS = ("water", "methane", "alanine")
DEFAULT_REFERENCE_MODEL = "student:original"

COMPILED = "python-compiled"
PLAIN = "torchforce-plain"
DEFAULT_BACKENDS: tuple[str, ...] = get_args(Backend)
BACKENDS = (*DEFAULT_BACKENDS, COMPILED)
"""Backends in OpenMM; the last compiles for a minute, so it is only used on request."""

PROTOCOL = "standard"
"""The protocol that defines reporters and intervals of a step with reporters."""


@dataclass(frozen=True)
class BenchmarkPlan:
    """Extent and conditions of the measurement.

    Attributes:
        blocks: rounds; in each, every model runs one block of each kind.
        block_seconds: intended duration of a block, which determines its number of steps.
        memory_steps: steps of the process whose memory is measured.
        temperature_kelvin: of the initial velocities.
        threads: of torch and of OpenMM's CPU platform. Small molecules gain little from more than
            one, and one thread interferes least with other processes.
        replicas: numbers of replicas that are stepped together, each above 1.

    Raises:
        ConfigError: an invalid value.
    """

    blocks: int = 20
    block_seconds: float = 0.06
    fewest_steps: int = 5
    most_steps: int = 500
    memory_steps: int = 50
    timestep_fs: float = 0.5
    temperature_kelvin: float = 300.0
    threads: int = 1
    seed: int = 1
    replicas: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        whole = ("blocks", "fewest_steps", "most_steps", "memory_steps", "threads")
        for name in (*whole, "block_seconds", "timestep_fs", "temperature_kelvin"):
            value = getattr(self, name)
            if not value > 0:
                kind = "whole number" if name in whole else "number"
                raise ConfigError(f"benchmark: {name} is {value}; expected a {kind} above 0")
        if any(count < 2 or self.replicas.count(count) > 1 for count in self.replicas):
            raise ConfigError(
                f"benchmark: replicas are {', '.join(map(str, self.replicas))}; expected distinct "
                "whole numbers above 1: a single copy is always measured"
            )
        if self.most_steps < self.fewest_steps:
            raise ConfigError(
                f"benchmark: most_steps is {self.most_steps}; expected at least fewest_steps "
                f"({self.fewest_steps})"
            )

    def steps_of_block(self, seconds_per_step: float) -> int:
        """Return the number of steps of a block of the intended duration, within the bounds."""
        wanted = round(self.block_seconds / max(seconds_per_step, 1e-9))
        return min(max(wanted, self.fewest_steps), self.most_steps)


def resolve_models(
    specs: Sequence[str], *, reference_model: str | None
) -> tuple[tuple[str, ...], str]:
    """Return the specs of all models, and that of the reference.

    ``reference_model`` of None takes ``student:original`` if it is among the models, else the
    first; one that is not among them is inserted first.

    Raises:
        ConfigError: no model, or one is repeated.
    """
    if not specs:
        raise ConfigError("benchmark: no potential was given; expected at least one spec string")
    models = refuse_repeats(specs, what="potential")
    if reference_model is None:
        found = DEFAULT_REFERENCE_MODEL in models
        return models, DEFAULT_REFERENCE_MODEL if found else models[0]
    return models if reference_model in models else (reference_model, *models), reference_model


def resolve_backends(names: Sequence[str] | None) -> tuple[str, ...]:
    """Check names of backends; None or empty for all that need no compiler.

    Raises:
        ConfigError: one is unknown or repeated.
    """
    chosen = refuse_repeats(names or DEFAULT_BACKENDS, what="backend")
    for name in chosen:
        if name not in BACKENDS:
            raise ConfigError(f"benchmark: unknown backend {name!r}; {nearest(name, BACKENDS)}")
    return chosen


def refuse_repeats(names: Sequence[str], *, what: str) -> tuple[str, ...]:
    """Return names, which identify results, if none is repeated.

    Raises:
        ConfigError: a name is repeated.
    """
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"benchmark: {what} {name!r} is named twice; give it once")
    return tuple(names)
