"""Faults of the deployed potential with a sound model."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.selftest.faults.plant import Result, mixed
from openmm_mlff.selftest.oracles.surface import Surface

if TYPE_CHECKING:
    import openmm

THERMOSTAT_KELVIN = 300.0
FREQUENCY_PER_PS = 100.0
_THERMOSTAT_SEED = 1_618_033_989
"""Large, because after a small seed the first random number is tiny and causes a collision."""


def in_another_order(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Exchange the first two atoms for a fraction of the result."""

    def exchanged(positions: np.ndarray) -> Result:
        order = [1, 0, *range(2, positions.shape[1])]
        energies, forces = surface(positions[:, order])
        return energies, forces[:, order]

    return mixed(surface, exchanged, strength)


def swapped_masses(system: "openmm.System", strength: float) -> None:
    """Exchange the first two masses for s = 1, else interpolate logarithmically."""
    first, second = (system.getParticleMass(index)._value for index in (0, 1))
    system.setParticleMass(0, first ** (1.0 - strength) * second**strength)
    system.setParticleMass(1, second ** (1.0 - strength) * first**strength)


def add_thermostat(
    system: "openmm.System", *, frequency_per_ps: float = FREQUENCY_PER_PS, excess: float = 0.0
) -> None:
    """Add a thermostat of 300 K, or of a temperature too high by a fraction ``excess``."""
    import openmm

    thermostat = openmm.AndersenThermostat(THERMOSTAT_KELVIN * (1.0 + excess), frequency_per_ps)
    thermostat.setRandomNumberSeed(_THERMOSTAT_SEED)
    system.addForce(thermostat)
