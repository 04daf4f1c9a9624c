"""How a benchmark is measured."""

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
"""Ways in which OpenMM can run a model; the last compiles for a minute, so only if asked for."""

NO_PEER = "none"
DEFAULT_PEERS = (GFN2_XTB, TORCH_SIM, SCHNETPACK)
"""What is measured beside the models where it is installed: the teacher, another MD engine, and
another implementation of the architecture."""

PROTOCOL = "standard"
"""Whose reporters and intervals a step with reporters has."""

MOST_THREADS = 1024


@dataclass(frozen=True)
class BenchmarkPlan:
    """How much is measured, and under what conditions.

    Attributes:
        blocks: rounds; in each, every model runs one block of each kind.
        block_seconds: what a block is to last; its number of steps follows from that.
        fewest_steps: of a block, however slow the model.
        most_steps: of a block, however fast the model.
        memory_steps: steps of the process whose memory is measured.
        timestep_fs: of the integrators.
        temperature_kelvin: of the velocities that every block starts with.
        threads: of torch and of OpenMM's CPU platform; None has one or all cores chosen by a short
            measurement on each system.  Small molecules gain little from more than one, and one
            disturbs and is disturbed least.
        seed: of the velocities.
        replicas: numbers of replicas that are stepped together, each above 1.
        profile: whether the operators of the model alone are counted and timed.

    Raises:
        ConfigError: a value that cannot be.
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
        """Check that every value makes sense."""
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
    """Decide which models run, and which of them the others are compared with.

    Args:
        specs: spec strings of the models.
        reference_model: None takes ``student:original`` where it is among the models, else the
            first of them; one that is not among them is put in front.

    Returns:
        The spec strings, and the one of the reference.

    Raises:
        ConfigError: no model, or one named twice.
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
    """Check the names of backends.

    Args:
        names: some of :data:`BACKENDS`; None or none for all that need no compiler.

    Returns:
        The names, each once.

    Raises:
        ConfigError: one is unknown, or named twice.
    """
    chosen = tuple(names or DEFAULT_BACKENDS)
    for name in chosen:
        if name not in BACKENDS:
            raise ConfigError(f"benchmark: unknown backend {name!r}; {nearest(name, BACKENDS)}")
    refuse_repeats(chosen, what="backend")
    return chosen


def resolve_peers(names: tuple[str, ...] | None) -> tuple[str, ...]:
    """Decide what is measured beside the models.

    Args:
        names: spec strings ``ase:...``, ``torch-sim``, ``schnetpack``, or ``none`` alone; None or
            none for the default.

    Returns:
        The peers, each once.

    Raises:
        ConfigError: one is of no known form, or named twice.
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
    """Read a number of threads.

    Args:
        text: a whole number, or ``auto``.

    Returns:
        The number, None for ``auto``.

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
    """See that nothing is named twice; results are told apart by these names.

    Raises:
        ConfigError: something is.
    """
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"benchmark: {what} {name!r} is named twice; give it once")
