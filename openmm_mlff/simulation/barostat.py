"""Constant pressure: Monte Carlo barostats that move molecules as a whole.

A volume move of OpenMM scales the centre of each molecule of the Context, which are the particles
connected by constraints and by the bonds of forces (``Context.getMolecules``), and is accepted with
the number of molecules in the entropy.  A machine-learned force has no bonds: every atom would be
a molecule, and a move would stretch every bond (openmm-ml issue 91).
"""

from collections.abc import Iterable

import numpy as np
import openmm

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.boxes import molecule_labels
from openmm_mlff.potentials.sites import are_atoms

INTERVAL_STEPS = 25
UNUSED_LENGTH_NM = 0.1


def add_barostat(
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    temperature_kelvin: float,
    pressure_bar: float = 1.0,
    interval_steps: int = INTERVAL_STEPS,
    anisotropic: bool = False,
    seed: int = 0,
) -> openmm.Force:
    """Add a barostat to a System of a periodic molecule, with its molecules kept whole.

    The integrator must have a thermostat at the same temperature.  `anisotropic` scales the three
    box lengths separately.  A barostat that the System already has is used as it is, at this
    temperature and pressure.  The seed 0 is interpreted as "any".

    Raises:
        ConfigError: the molecule has no box, or a value is out of range.
    """
    if not molecule.is_periodic:
        raise ConfigError(f"{molecule.name} has no periodic box; constant pressure needs one")
    if not temperature_kelvin > 0.0 or not np.isfinite(pressure_bar) or interval_steps < 1:
        raise ConfigError(
            f"a barostat at {temperature_kelvin:g} K and {pressure_bar:g} bar every "
            f"{interval_steps} steps; expected a positive temperature and interval and a finite "
            "pressure"
        )
    keep_molecules_whole(system, molecular_bonds(molecule))
    forces = system.getForces()
    barostat = next((one for one in forces if "Barostat" in type(one).__name__), None)
    pressures = openmm.Vec3(*[pressure_bar] * 3)
    if barostat is None:
        barostat = (
            openmm.MonteCarloAnisotropicBarostat(pressures, temperature_kelvin)
            if anisotropic
            else openmm.MonteCarloBarostat(pressure_bar, temperature_kelvin)
        )
        barostat.setFrequency(interval_steps)
        barostat.setRandomNumberSeed(seed)
        return system.getForce(system.addForce(barostat))
    is_scalar = not isinstance(barostat, openmm.MonteCarloAnisotropicBarostat)
    barostat.setDefaultPressure(pressure_bar if is_scalar else pressures)
    barostat.setDefaultTemperature(temperature_kelvin)
    return barostat


def keep_molecules_whole(system: openmm.System, bonds: Iterable[tuple[int, int]]) -> None:
    """Tell the Contexts of a System which atoms are one molecule, by bonds of zero strength.

    `bonds` are pairs of atoms; virtual sites are not counted.
    """
    places = np.flatnonzero(are_atoms(system))
    force = openmm.HarmonicBondForce()
    for first, second in bonds:
        force.addBond(int(places[first]), int(places[second]), UNUSED_LENGTH_NM, 0.0)
    if force.getNumBonds():
        force.setName("MoleculesOfBarostat")
        force.setUsesPeriodicBoundaryConditions(True)
        system.addForce(force)


def molecular_bonds(molecule: MolecularSystem) -> tuple[tuple[int, int], ...]:
    """Return the bonds of a periodic system that belong to molecules of finite size.

    A network that is bonded to its own image (a crystal, a polymer) has to be scaled atom by atom:
    moved as one rigid molecule it would be torn at the faces of the box.
    """
    if not molecule.bonds or molecule.cell_angstrom is None:
        return molecule.bonds
    labels = molecule_labels(
        molecule.bonds,
        positions_angstrom=molecule.positions_angstrom,
        cell_angstrom=molecule.cell_angstrom,
    )
    return tuple((i, j) for i, j in molecule.bonds if labels[i] == labels[j])
