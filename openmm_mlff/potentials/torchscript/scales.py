"""The units of a TorchScript file: those of its contract, or those that the user names."""

from collections.abc import Mapping
from dataclasses import dataclass

from openmm_mlff.config import nearest
from openmm_mlff.errors import PotentialError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.torchscript.signature import Contract
from openmm_mlff.units import ANGSTROM_BY_LENGTH_UNIT, EV_BY_ENERGY_UNIT


@dataclass(frozen=True)
class Scales:
    """The units of a file, in those of this package.

    Attributes:
        energy_ev: the file's unit of energy, eV.
        length_angstrom: the file's unit of length, Å.
    """

    energy_ev: float
    length_angstrom: float

    @property
    def force_ev_per_angstrom(self) -> float:
        """The file's unit of force, eV/Å."""
        return self.energy_ev / self.length_angstrom


OPENMM = Scales(EV_BY_ENERGY_UNIT["kJ/mol"], ANGSTROM_BY_LENGTH_UNIT["nm"])


def scales_of(contract: Contract, options: PotentialOptions, *, spec: str) -> Scales:
    """Give the units of a file.

    Args:
        contract: whose units hold where the options name none.
        options: `energy_unit` and `length_unit`.
        spec: the string that named the file, for messages.

    Returns:
        The units.

    Raises:
        PotentialError: a unit is not known.
    """
    energy, length = ("eV", "angstrom") if contract.has_numbers else ("kJ/mol", "nm")
    return Scales(
        _known(options.energy_unit or energy, EV_BY_ENERGY_UNIT, "energy", spec),
        _known(options.length_unit or length, ANGSTROM_BY_LENGTH_UNIT, "length", spec),
    )


def _known(name: str, known: Mapping[str, float], quantity: str, spec: str) -> float:
    """Look a unit up."""
    if name not in known:
        raise PotentialError(
            f"{spec}: unknown unit of {quantity} {name!r}; {nearest(name, list(known))}"
        )
    return known[name]
