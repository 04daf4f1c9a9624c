"""The measuring loop: all participants run their blocks in turn.

Noise of the machine then affects all of them equally.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from openmm_mlff.benchmark.entries import Timing
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.statistics import timing
from openmm_mlff.errors import SimulationError
from openmm_mlff.reporters import UnstableError

Block = Callable[[int], float]
"""Run a number of steps and return their wall time in seconds."""

Times = Mapping[str, Mapping[str, Timing]]
"""By label of the participant and kind."""

_WARM_UP_BLOCKS = 2
_MS_PER_S = 1000.0


@dataclass(frozen=True)
class Participant:
    """Code that is timed in turn with others.

    Attributes:
        name: of the model, for messages.
        blocks: by kind, a word for what is timed; blocks of one kind are compared with each other.
        steps: per block, by kind.
    """

    name: str
    blocks: Mapping[str, Block]
    steps: Mapping[str, int]


def warmed_up(name: str, blocks: Mapping[str, Block], *, plan: BenchmarkPlan) -> Participant:
    """Warm up all blocks and return them with the numbers of steps that the plan asks for."""
    steps = {}
    for kind, block in blocks.items():
        # The first calls compile; the last warm-up block is representative of those to be timed.
        for _ in range(_WARM_UP_BLOCKS):
            elapsed_s = block(plan.fewest_steps)
        steps[kind] = plan.steps_of_block(elapsed_s / plan.fewest_steps)
    return Participant(name, blocks, steps)


def run_rounds(
    participants: Mapping[str, Participant],
    *,
    rounds: int,
    on_round: Callable[[], None] = lambda: None,
) -> Times:
    """Run one block of each kind of each participant in every round, then call ``on_round``.

    Raises:
        SimulationError: coordinates of a model are not finite.
    """
    blocks_ms: dict[str, dict[str, list[float]]] = {
        label: {kind: [] for kind in one.blocks} for label, one in participants.items()
    }
    for round_number in range(rounds):
        for kind, label in turns(blocks_ms, round_number=round_number):
            one = participants[label]
            with naming(one.name):
                elapsed_s = one.blocks[kind](one.steps[kind])
            blocks_ms[label][kind].append(_MS_PER_S * elapsed_s / one.steps[kind])
        on_round()
    return {
        label: {kind: timing(values) for kind, values in by_kind.items()}
        for label, by_kind in blocks_ms.items()
    }


def turns(
    participants: Mapping[str, Collection[str]], *, round_number: int
) -> Iterator[tuple[str, str]]:
    """Yield kind and label of each block of a round, given the kinds of each participant.

    Blocks of one kind are adjacent. The first participant changes from round to round, and every
    other round reverses the kinds, so that none always runs after the same other one.
    """
    labels = list(participants)
    first = round_number % len(labels)
    kinds = list(dict.fromkeys(kind for own in participants.values() for kind in own))
    for kind in kinds if round_number % 2 == 0 else reversed(kinds):
        for label in [*labels[first:], *labels[:first]]:
            if kind in participants[label]:
                yield kind, label


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Add the name of the model to an UnstableError, which becomes a SimulationError."""
    try:
        yield
    except UnstableError as error:
        raise SimulationError(f"{name}: {error}") from error
