"""The reporters of openmm_mlff in an OpenMM script of your own.

    python examples/reporters_in_your_own_script.py [STEPS]

Any Simulation will do: with another force field, take its System and topology.
"""

import sys
from pathlib import Path

from openmm import LangevinMiddleIntegrator, VerletIntegrator, unit
from openmm.app import Simulation

import openmm_mlff as mlff
from openmm_mlff.simulation import openmm_topology

n_steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
molecule = mlff.load_system("water")
system = mlff.load_potential("student:original").create_system(molecule)
topology = openmm_topology(molecule)

# Bring it to 300 K; at its minimum a molecule would keep half of the heat it is given.
thermostat = LangevinMiddleIntegrator(
    300 * unit.kelvin, 10 / unit.picosecond, 0.5 * unit.femtosecond
)
warm = Simulation(topology, system, thermostat)
warm.context.setPositions(molecule.positions_angstrom * unit.angstrom)
warm.minimizeEnergy()
warm.context.setVelocitiesToTemperature(300 * unit.kelvin, 1)
warm.step(n_steps // 2)
state = warm.context.getState(positions=True, velocities=True)

# At constant energy: does it conserve what it must?
simulation = Simulation(topology, system, VerletIntegrator(0.5 * unit.femtosecond))
simulation.context.setPositions(state.getPositions())
simulation.context.setVelocities(state.getVelocities())
simulation.reporters += [
    # First, so that a run gone wrong stops here and is told when, where and why.  A topology
    # instead of the molecule will do; what is torn is then told from where this run starts.
    mlff.reporters.StabilityReporter(10, molecule, temperature_kelvin=300.0),
    mlff.reporters.ConservationReporter("energies.csv", 10),
    mlff.reporters.MomentumReporter("momenta.csv", 10),
    mlff.reporters.TrajectoryReporter("trajectory.dcd", 20),
]
try:
    simulation.step(n_steps)
except mlff.reporters.UnstableError as error:
    sys.exit(f"not safe to use: {error}")

drift, sigma = Path("energies.csv").read_text().splitlines()[-1].split(",")[-2:]
print(f"drift {float(drift):.4f} meV/atom/ps, σ(E) {float(sigma):.4f} meV/atom")
