"""Whose turn it is: models take turns block by block, so that noise hits all alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

KINDS = ("openmm", "ase", "model")
"""What is timed: a step through OpenMM, a step through ASE, a call of the model alone."""


@dataclass(frozen=True)
class Turn:
    """One block.

    Attributes:
        round_number: from zero.
        kind: one of :data:`KINDS`.
        model: its spec string.
    """

    round_number: int
    kind: str
    model: str


def turns(models: Sequence[str], *, rounds: int) -> Iterator[Turn]:
    """Give the order in which blocks are run.

    In each round every model runs one block of each kind; blocks of one kind, which are compared
    with each other, follow each other.  The model that begins changes from round to round, so
    that none always runs behind the same other one.

    Args:
        models: spec strings.
        rounds: how many.

    Yields:
        The turns: rounds × kinds × models.
    """
    for round_number in range(rounds):
        first = round_number % len(models)
        order = [*models[first:], *models[:first]]
        for kind in KINDS:
            for model in order:
                yield Turn(round_number=round_number, kind=kind, model=model)
