"""Definition of a planted fault."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass

from openmm_mlff.potentials.base import Potential

Plant = Callable[[Potential, float], Potential]
"""Function from a healthy potential and a strength to a faulty potential."""


@dataclass(frozen=True)
class Fault:
    """A fault with a strength; the defaults are those of a fault that is present or not.

    Attributes:
        check: id of the check that must detect it.
        plant: builds the faulty potential.
        description: what is planted, in one clause.
        parent: kind of the healthy potential.
        system: of the test.
        unit: of the strength.
        gross: strength that must be detected.
        predicted_onset: strength at which the check should start to detect it, from its threshold;
            None for faults without strength.
        prediction: derivation of the predicted onset.
        slight_factor: strength of a slight fault relative to the predicted onset.
    """

    name: str
    _: KW_ONLY
    check: str
    plant: Plant
    description: str
    parent: str = "bonded"
    system: str = "water"
    unit: str = "share"
    gross: float = 1.0
    predicted_onset: float | None = None
    prediction: str = "present or not"
    slight_factor: float = 1.5

    def __post_init__(self) -> None:
        if self.slight is not None and not 0.0 < self.slight < self.gross:
            raise ValueError(
                f"{self.name}: slight {self.slight:g} and gross {self.gross:g} {self.unit}; "
                "expected 0 < slight < gross"
            )

    @property
    def slight(self) -> float | None:
        """Strength just above the threshold; None for faults without strength."""
        return None if self.predicted_onset is None else self.slight_factor * self.predicted_onset
