"""Whose turn it is: models take turns block by block, so that noise hits all alike."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

KINDS = ("openmm", "replicas", "reporters", "model", "ase", "peer", "bare")
"""What is timed: a step through OpenMM, one of many replicas together, one with reporters, a call
of the model alone, a step through ASE, a call of a peer, a step of OpenMM without forces."""


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
    """Give the order in which blocks are run.

    In each round every participant runs one block of each of its kinds; blocks of one kind, which
    are compared with each other, follow each other.  Who begins changes from round to round, so
    that none always runs behind the same other one, and every other round runs the kinds
    backwards, so that none always comes before another one.

    Args:
        participants: the kinds of each, by label.
        rounds: how many.

    Yields:
        The turns, round by round and in it kind by kind.
    """
    labels = list(participants)
    for round_number in range(rounds):
        first = round_number % len(labels)
        for kind in KINDS if round_number % 2 == 0 else reversed(KINDS):
            for who in [*labels[first:], *labels[:first]]:
                if kind in participants[who]:
                    yield Turn(round_number=round_number, kind=kind, who=who)
