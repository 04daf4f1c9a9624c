"""Dynamics with ASE, for comparison with OpenMM."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.units import FS_PER_PS

if TYPE_CHECKING:
    from ase.calculators.calculator import BaseCalculator


def velocity_verlet_positions(
    molecule: MolecularSystem,
    calculator: "BaseCalculator",
    *,
    velocities_angstrom_per_ps: np.ndarray,
    timestep_fs: float,
    steps: int,
    masses_amu: np.ndarray,
) -> np.ndarray:
    """Return the positions after each step of ASE's `VelocityVerlet`, Å, (steps, N, 3).

    The velocities, (N, 3), are those at time 0; the masses are (N,).
    """
    from ase import units as ase_units
    from ase.md.verlet import VelocityVerlet

    atoms = molecule.to_ase()
    atoms.set_masses(masses_amu)
    atoms.calc = calculator
    atoms.set_velocities(velocities_angstrom_per_ps / (FS_PER_PS * ase_units.fs))
    dynamics = VelocityVerlet(atoms, timestep=timestep_fs * ase_units.fs)
    positions = np.empty((steps, molecule.n_atoms, 3))
    for step in range(steps):
        dynamics.run(1)
        positions[step] = atoms.positions
    return positions
