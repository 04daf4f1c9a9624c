"""What a planted fault is."""

from collections.abc import Callable
from dataclasses import dataclass

from openmm_mlff.potentials.base import Potential

Plant = Callable[[Potential, float], Potential]
"""From a healthy potential and a strength to a faulty one."""


@dataclass(frozen=True)
class Defect:
    """One fault that a potential may have, of any strength.

    Attributes:
        name: in the matrix.
        description: what is wrong, in one clause.
        check: id of the check that must see it.
        kind: of the healthy potential it is planted into.
        system: the molecule it is tried on.
        unit: of the strength.
        gross: a strength that nobody may miss.
        predicted_onset: where the check should begin to see it, from its threshold; None for
            faults that are there or not.
        prediction: how that number comes about.
        plant: makes the faulty potential.
        slight_factor: how much stronger than the predicted onset a slight fault is.
    """

    name: str
    description: str
    check: str
    kind: str
    system: str
    unit: str
    gross: float
    predicted_onset: float | None
    prediction: str
    plant: Plant
    slight_factor: float = 1.5

    def __post_init__(self) -> None:
        """Refuse a fault whose strengths are in no order."""
        if self.slight is not None and not 0.0 < self.slight < self.gross:
            raise ValueError(
                f"{self.name}: slight {self.slight:g} and gross {self.gross:g} {self.unit}; "
                "expected 0 < slight < gross"
            )

    @property
    def slight(self) -> float | None:
        """A strength just above the threshold; None for faults that are there or not."""
        return None if self.predicted_onset is None else self.slight_factor * self.predicted_onset
