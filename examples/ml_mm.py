"""Ethanol by a student in TIP3P water by a force field: is the mixed system sound in OpenMM?

    python examples/ml_mm.py [STEPS]

A complex of your own needs a PDB or mmCIF with residue names, hydrogens and, for the ligand, CONECT
records, and force field files that describe all of it, the ligand's too: they say how ligand and
surroundings meet.
"""

import sys

import numpy as np
from openmm import Platform, VerletIntegrator, unit
from openmm.app import Simulation

import openmm_mlff as mlff
from openmm_mlff.measuring.selection import select_atoms
from openmm_mlff.molecules import systems_root
from openmm_mlff.potentials.mixed import MixedPotential, read_topology

n_steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
folder = systems_root() / "ethanol_in_water"
molecule = mlff.load_system("ethanol_in_water")
topology = read_topology(folder / "structure.pdb")

potential = MixedPotential(
    mlff.load_potential("student:original"),
    topology,
    ml_atoms=select_atoms(topology, "resname ETH"),
    forcefield=[str(folder / "ethanol.xml"), "amber14/tip3p.xml"],
)
system = potential.create_system(molecule)

integrator = VerletIntegrator(0.5 * unit.femtosecond)
integrator.setConstraintTolerance(1e-6)
simulation = Simulation(topology, system, integrator, Platform.getPlatformByName("CPU"))
context = simulation.context
context.setPositions(molecule.positions_angstrom * unit.angstrom)
# A PDB has three decimals; rigid water wants more.
context.applyConstraints(1e-6)
context.setVelocitiesToTemperature(300 * unit.kelvin, 1)


def total_kj_per_mol() -> float:
    """Give potential and kinetic energy together."""
    state = context.getState(energy=True)
    energy = state.getPotentialEnergy() + state.getKineticEnergy()
    return float(energy.value_in_unit(unit.kilojoule_per_mole))


def largest_constraint_error() -> float:
    """Give the largest relative error of a constrained distance."""
    positions_nm = context.getState(positions=True).getPositions(asNumpy=True)._value
    errors = []
    for index in range(system.getNumConstraints()):
        first, second, length = system.getConstraintParameters(index)
        distance_nm = np.linalg.norm(positions_nm[first] - positions_nm[second])
        errors.append(abs(distance_nm / length.value_in_unit(unit.nanometer) - 1.0))
    return max(errors)


simulation.step(1)  # velocities given at a time become those of half a step later
start_kj_per_mol = total_kj_per_mol()
simulation.step(n_steps)
drift_mev = 1000.0 * (total_kj_per_mol() - start_kj_per_mol) / mlff.units.KJ_PER_MOL_PER_EV
print(
    f"{molecule.n_atoms} atoms, {len(potential.ml_atoms)} of them by {potential.ml_potential.name}"
)
print(f"total energy after {n_steps} steps: {drift_mev / molecule.n_atoms:+.4f} meV/atom")
print(f"largest constraint error: {largest_constraint_error():.1e}")
