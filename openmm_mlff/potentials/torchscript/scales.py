"""Units of a TorchScript file: those of its contract, or those set by the user."""

from collections.abc import Mapping
from dataclasses import dataclass

from openmm_mlff.config import nearest
from openmm_mlff.errors import PotentialError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.torchscript.signature import Contract
from openmm_mlff.units import ANGSTROM_BY_LENGTH_UNIT, EV_BY_ENERGY_UNIT


@dataclass(frozen=True)
class Scales:
    """Units of a file.

    Attributes:
        energy_ev: unit of energy, eV.
        length_angstrom: unit of length, Å.
    """

    energy_ev: float
    length_angstrom: float

    @property
    def force_ev_per_angstrom(self) -> float:
        """Unit of force, eV/Å."""
        return self.energy_ev / self.length_angstrom


OPENMM = Scales(EV_BY_ENERGY_UNIT["kJ/mol"], ANGSTROM_BY_LENGTH_UNIT["nm"])


def scales_of(contract: Contract, options: PotentialOptions, *, spec: str) -> Scales:
    """Return the units of a file: those in the options, or else those of the contract.

    Raises:
        PotentialError: unknown unit.
    """
    energy, length = ("eV", "angstrom") if contract.has_numbers else ("kJ/mol", "nm")
    return Scales(
        _known(options.energy_unit or energy, EV_BY_ENERGY_UNIT, "energy", spec),
        _known(options.length_unit or length, ANGSTROM_BY_LENGTH_UNIT, "length", spec),
    )


def _known(name: str, known: Mapping[str, float], quantity: str, spec: str) -> float:
    """Return the value of a unit."""
    if name not in known:
        raise PotentialError(
            f"{spec}: unknown unit of {quantity} {name!r}; {nearest(name, list(known))}"
        )
    return known[name]
