"""Order of the blocks: models run in turn, so that noise affects all of them equally."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

KINDS = ("openmm", "replicas", "reporters", "model", "ase", "peer", "bare")
"""What is timed.

A step with OpenMM, of many replicas, and with reporters; a call of the model alone; a step with
ASE; a call of a peer; a step of OpenMM without forces.
"""


@dataclass(frozen=True)
class Turn:
    """One block.

    Attributes:
        round_number: from zero.
        kind: one of :data:`KINDS`.
        who: label of the participant.
    """

    round_number: int
    kind: str
    who: str


def turns(participants: Mapping[str, Collection[str]], *, rounds: int) -> Iterator[Turn]:
    """Yield the order in which blocks are run, given the kinds of each participant.

    In each round every participant runs one block of each of its kinds; blocks of one kind, which
    are compared with each other, are adjacent. The first participant changes from round to round,
    and every other round reverses the kinds, so that none always runs after the same other one.

    Yields:
        The turns, by round and by kind.
    """
    labels = list(participants)
    for round_number in range(rounds):
        first = round_number % len(labels)
        for kind in KINDS if round_number % 2 == 0 else reversed(KINDS):
            for who in [*labels[first:], *labels[:first]]:
                if kind in participants[who]:
                    yield Turn(round_number=round_number, kind=kind, who=who)
