"""Settings of a benchmark."""

from dataclasses import dataclass
from typing import get_args

from openmm_mlff.benchmark.optional import SCHNETPACK, TORCH_SIM
from openmm_mlff.config import GFN2_XTB, nearest
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

NO_PEER = "none"
DEFAULT_PEERS = (GFN2_XTB, TORCH_SIM, SCHNETPACK)
"""Measured if installed: the teacher, another MD engine, another code for the architecture."""

PROTOCOL = "standard"
"""The protocol that defines reporters and intervals of a step with reporters."""

MOST_THREADS = 1024


@dataclass(frozen=True)
class BenchmarkPlan:
    """Extent and conditions of the measurement.

    Attributes:
        blocks: rounds; in each, every model runs one block of each kind.
        block_seconds: intended duration of a block, which determines its number of steps.
        fewest_steps: minimum per block.
        most_steps: maximum per block.
        memory_steps: steps of the process whose memory is measured.
        temperature_kelvin: of the initial velocities.
        threads: of torch and of OpenMM's CPU platform; None selects one or all cores by a short
            measurement on each system. Small molecules gain little from more than one, and one
            thread interferes least with other processes.
        seed: of the velocities.
        replicas: numbers of replicas that are stepped together, each above 1.
        profile: whether the operators of the model alone are counted and timed.

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
    threads: int | None = 1
    seed: int = 1
    replicas: tuple[int, ...] = ()
    profile: bool = False

    def __post_init__(self) -> None:
        """Validate all values."""
        for name in ("blocks", "fewest_steps", "most_steps", "memory_steps", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(
                    f"benchmark: {name} is {getattr(self, name)}; expected a whole number >= 1"
                )
        for name in ("block_seconds", "timestep_fs", "temperature_kelvin"):
            if not getattr(self, name) > 0.0:
                raise ConfigError(
                    f"benchmark: {name} is {getattr(self, name)}; expected a number above 0"
                )
        for count in self.replicas:
            if count < 2 or self.replicas.count(count) > 1:
                raise ConfigError(
                    f"benchmark: replicas {count}; expected whole numbers >= 2, each once: one "
                    "alone is always measured"
                )
        if self.most_steps < self.fewest_steps:
            raise ConfigError(
                f"benchmark: most_steps is {self.most_steps}; expected at least fewest_steps "
                f"({self.fewest_steps})"
            )


def resolve_models(
    specs: tuple[str, ...], *, reference_model: str | None
) -> tuple[tuple[str, ...], str]:
    """Return the specs of all models, and that of the reference.

    ``reference_model`` of None takes ``student:original`` if it is among the models, else the
    first; one that is not among them is inserted first.

    Raises:
        ConfigError: no model, or one is repeated.
    """
    if not specs:
        raise ConfigError("benchmark: no potential was given; expected at least one spec string")
    refuse_repeats(specs, what="potential")
    if reference_model is None:
        found = DEFAULT_REFERENCE_MODEL in specs
        return specs, DEFAULT_REFERENCE_MODEL if found else specs[0]
    if reference_model not in specs:
        specs = (reference_model, *specs)
    return specs, reference_model


def resolve_backends(names: tuple[str, ...] | None) -> tuple[str, ...]:
    """Validate names of backends; None or empty for all that need no compiler.

    Raises:
        ConfigError: one is unknown or repeated.
    """
    chosen = tuple(names or DEFAULT_BACKENDS)
    for name in chosen:
        if name not in BACKENDS:
            raise ConfigError(f"benchmark: unknown backend {name!r}; {nearest(name, BACKENDS)}")
    refuse_repeats(chosen, what="backend")
    return chosen


def resolve_peers(names: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the peers to measure, :data:`DEFAULT_PEERS` for None or empty.

    ``names`` are specs ``ase:...``, ``torch-sim``, ``schnetpack``, or only ``none``.

    Raises:
        ConfigError: one is invalid or repeated.
    """
    chosen = tuple(names or DEFAULT_PEERS)
    if chosen == (NO_PEER,):
        return ()
    for name in chosen:
        if name not in {TORCH_SIM, SCHNETPACK} and not name.startswith("ase:"):
            raise ConfigError(
                f"benchmark: unknown peer {name!r}; expected ase:MODULE:NAME?key=value, "
                f"{TORCH_SIM}, {SCHNETPACK}, or {NO_PEER} alone"
            )
    refuse_repeats(chosen, what="peer")
    return chosen


def read_threads(text: str) -> int | None:
    """Convert a whole number, or ``auto`` to None.

    Raises:
        ConfigError: it is neither.
    """
    if text.lower() == "auto":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= MOST_THREADS:
        raise ConfigError(
            f"benchmark: threads is {text!r}; expected auto or a whole number from 1 to "
            f"{MOST_THREADS}"
        )
    return int(text)


def refuse_repeats(names: tuple[str, ...], *, what: str) -> None:
    """Raise on repeated names, which identify results.

    Raises:
        ConfigError: a name is repeated.
    """
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"benchmark: {what} {name!r} is named twice; give it once")
