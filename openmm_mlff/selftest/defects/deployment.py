"""Faults of the deployed potential with a sound model."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.defects.model import Defect
from openmm_mlff.selftest.defects.planting import in_openmm, in_system, mixed
from openmm_mlff.selftest.oracles.bonded import BondedOracle
from openmm_mlff.selftest.oracles.pairs import Morse
from openmm_mlff.selftest.oracles.surface import Surface
from openmm_mlff.units import KJ_PER_KCAL

if TYPE_CHECKING:
    import openmm

THERMOSTAT_KELVIN = 300.0
FREQUENCY_PER_PS = 100.0
_THERMOSTAT_SEED = 1_618_033_989
"""Large, because after a small seed the first random number is tiny and causes a collision."""


def _in_kcal(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Return energies and forces in kcal/mol as kJ/mol for s = 1."""
    factor = KJ_PER_KCAL**-strength

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        return factor * energies, factor * forces

    return faulty


def _per_angstrom(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Return forces per Å as forces per nm for s = 1."""

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        return energies, forces * 10.0**-strength

    return faulty


def _in_another_order(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Exchange the first two atoms for a fraction of the result."""

    def exchanged(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        order = [1, 0, *range(2, positions.shape[1])]
        energies, forces = surface(positions[:, order])
        return energies, forces[:, order]

    return mixed(surface, exchanged, strength)


def _swap_masses(system: "openmm.System", strength: float) -> None:
    """Exchange the first two masses for s = 1, else interpolate logarithmically."""
    first, second = (system.getParticleMass(index)._value for index in (0, 1))
    system.setParticleMass(0, first ** (1.0 - strength) * second**strength)
    system.setParticleMass(1, second ** (1.0 - strength) * first**strength)


def _leave_a_thermostat(system: "openmm.System", strength: float) -> None:
    """Add a thermostat at 300 K with a collision frequency of s per ps."""
    _thermostat(system, temperature_kelvin=THERMOSTAT_KELVIN, frequency_per_ps=strength)


def _leave_a_hot_thermostat(system: "openmm.System", strength: float) -> None:
    """Add a thermostat whose temperature is too high by a fraction s."""
    hot = THERMOSTAT_KELVIN * (1.0 + strength)
    _thermostat(system, temperature_kelvin=hot, frequency_per_ps=FREQUENCY_PER_PS)


def _thermostat(
    system: "openmm.System", *, temperature_kelvin: float, frequency_per_ps: float
) -> None:
    import openmm

    thermostat = openmm.AndersenThermostat(temperature_kelvin, frequency_per_ps)
    thermostat.setRandomNumberSeed(_THERMOSTAT_SEED)
    system.addForce(thermostat)


def _weakly_bound(healthy: Potential, strength: float) -> Potential:
    """Set the depth of every bond to 1/s."""
    if not isinstance(healthy, BondedOracle):
        raise TypeError(f"got {type(healthy).__name__}, expected bonds to weaken")
    return _WeakBonds(healthy, depth_ev=1.0 / strength)


class _WeakBonds(BondedOracle):
    """The same bonds with another depth."""

    def __init__(self, healthy: BondedOracle, *, depth_ev: float) -> None:
        self.__dict__.update(healthy.__dict__)
        depths = np.full(len(self.bonds), depth_ev)
        self.morse = Morse(depths, *healthy.morse[1:])


DEFECTS = (
    Defect(
        name="kcal for kJ",
        description="energies in kcal/mol handed over as kJ/mol",
        check="openmm_parity",
        kind="bonded",
        system="water",
        unit="power of 4.184",
        gross=1.0,
        predicted_onset=1e-8 / (np.log(KJ_PER_KCAL) * 5.0),
        prediction="ΔF = s ln 4.184 · 5 eV/Å at 0.05 Å of distortion, to reach 1e-8 eV/Å",
        plant=in_openmm(_in_kcal),
    ),
    Defect(
        name="Å for nm",
        description="forces per Å handed over as forces per nm",
        check="openmm_parity",
        kind="bonded",
        system="water",
        unit="power of 10",
        gross=1.0,
        predicted_onset=1e-8 / (np.log(10.0) * 5.0),
        prediction="ΔF = s ln 10 · 5 eV/Å at 0.05 Å of distortion, to reach 1e-8 eV/Å",
        plant=in_openmm(_per_angstrom),
    ),
    Defect(
        name="atoms in another order",
        description="two unlike atoms are taken for one another",
        check="openmm_parity",
        kind="pair",
        system="water",
        unit="share",
        gross=1.0,
        predicted_onset=1e-8 / 20.0,
        prediction="ΔF = s |F(x) − F(x')| = s 20 eV/Å, H at the place of O being some 0.6 Å too "
        "near or too far, to reach 1e-8 eV/Å",
        plant=in_openmm(_in_another_order),
    ),
    Defect(
        name="masses swapped",
        description="an oxygen has the mass of a hydrogen and the hydrogen that of the oxygen",
        check="trajectory_parity",
        kind="bonded",
        system="water",
        unit="power of the ratio",
        gross=1.0,
        predicted_onset=1e-4,
        prediction="the bond's phase after 25 fs is off by ½ s ln 16 · 2π · 2.5, times 0.05 Å, to "
        "reach 1e-4 Å",
        plant=in_system(_swap_masses),
    ),
    Defect(
        name="thermostat left on",
        description="the System still holds a thermostat when energy should be conserved",
        check="time_reversibility",
        kind="bonded",
        system="water",
        unit="1/ps",
        gross=100.0,
        predicted_onset=1.3,
        prediction="one collision of one of 3 atoms in the 0.25 ps there or back",
        plant=in_system(_leave_a_thermostat),
    ),
    Defect(
        name="hot thermostat",
        description="the System holds a second thermostat of another temperature",
        check="kinetic_distribution",
        kind="bonded",
        system="water",
        unit="ratio",
        gross=1.0,
        predicted_onset=0.11,
        prediction="T rises by s ν/(ν + 2γ) = 0.83 s; 3 σ of some 240 samples of 9 degrees of "
        "freedom are 0.09",
        plant=in_system(_leave_a_hot_thermostat),
    ),
    Defect(
        name="weak bonds",
        description="bonds so shallow that the molecule falls apart",
        check="stability",
        kind="bonded",
        system="water",
        unit="1/eV",
        gross=40.0,
        predicted_onset=1.0 / 0.28,
        prediction="the way to 1.5 times the length costs 0.43 D; it is gone once in 1 ps where "
        "that is kT ln 100",
        plant=_weakly_bound,
    ),
)
