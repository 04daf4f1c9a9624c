"""How a benchmark is measured."""

from dataclasses import dataclass

from openmm_mlff.errors import ConfigError

DEFAULT_MODELS = ("student:original", "student:tiny", "student:ultra-tiny")
DEFAULT_SYSTEMS = ("water", "methane", "alanine")
DEFAULT_REFERENCE_MODEL = "student:original"


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
        threads: of torch and of OpenMM's CPU platform.  Molecules of this size gain little from
            more than one, and one disturbs and is disturbed least.
        seed: of the velocities.

    Raises:
        ConfigError: a value that cannot be.
    """

    blocks: int = 30
    block_seconds: float = 0.15
    fewest_steps: int = 5
    most_steps: int = 500
    memory_steps: int = 50
    timestep_fs: float = 0.5
    temperature_kelvin: float = 300.0
    threads: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        """Check that every value makes sense."""
        for name in ("blocks", "fewest_steps", "most_steps", "memory_steps", "threads"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"benchmark: {name} is {getattr(self, name)}; expected a whole number >= 1"
                )
        for name in ("block_seconds", "timestep_fs", "temperature_kelvin"):
            if not getattr(self, name) > 0.0:
                raise ConfigError(
                    f"benchmark: {name} is {getattr(self, name)}; expected a number above 0"
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


def refuse_repeats(names: tuple[str, ...], *, what: str) -> None:
    """See that nothing is named twice; results are told apart by these names.

    Raises:
        ConfigError: something is.
    """
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"benchmark: {what} {name!r} is named twice; give it once")
