"""All blocks of one system, in turn."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from openmm_mlff.benchmark.blocks import Block
from openmm_mlff.benchmark.entries import Timing
from openmm_mlff.benchmark.schedule import turns
from openmm_mlff.benchmark.statistics import timing
from openmm_mlff.errors import SimulationError
from openmm_mlff.reporters import UnstableError

Times = Mapping[str, Mapping[str, Timing]]
"""By label of the participant and kind."""

_MS_PER_S = 1000.0


@dataclass(frozen=True)
class Participant:
    """Code that is timed in turn with others.

    Attributes:
        name: of the model, for messages.
        blocks: by kind.
        steps: per block, by kind.
    """

    name: str
    blocks: Mapping[str, Block]
    steps: Mapping[str, int]


def run_rounds(
    participants: Mapping[str, Participant], *, rounds: int, on_round: Callable[[], None]
) -> Times:
    """Run all blocks in turn.

    Raises:
        SimulationError: coordinates of a model are not finite.
    """
    blocks_ms: dict[str, dict[str, list[float]]] = {
        label: {kind: [] for kind in one.blocks} for label, one in participants.items()
    }
    latest = 0
    kinds = {label: tuple(one.blocks) for label, one in participants.items()}
    for turn in turns(kinds, rounds=rounds):
        if turn.round_number > latest:
            latest = turn.round_number
            on_round()
        who = participants[turn.who]
        steps = who.steps[turn.kind]
        with naming(who.name):
            elapsed_s = who.blocks[turn.kind](steps)
        blocks_ms[turn.who][turn.kind].append(_MS_PER_S * elapsed_s / steps)
    on_round()
    return {
        label: {kind: timing(values) for kind, values in by_kind.items()}
        for label, by_kind in blocks_ms.items()
    }


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Add the name of the model to an error.

    Raises:
        SimulationError: instead of an UnstableError raised within.
    """
    try:
        yield
    except UnstableError as error:
        raise SimulationError(f"{name}: {error}") from error
