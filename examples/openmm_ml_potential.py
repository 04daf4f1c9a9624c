"""openmm-ml both ways: a student as its potential, and its potential under validation.

    python examples/openmm_ml_potential.py [STEPS] [PROTOCOL]

Any name that openmm-ml knows will do in the second part, e.g. openmm-ml:mace-off23-small.
"""

import sys
import time

from openmm import LangevinMiddleIntegrator, unit
from openmm.app import Simulation
from openmmml import MLPotential

import openmm_mlff as mlff
from openmm_mlff.simulation import openmm_topology

n_steps = int(sys.argv[1]) if len(sys.argv) > 1 else 200
protocol = sys.argv[2] if len(sys.argv) > 2 else "quick"

# openmm-ml finds the students by itself, wherever this package is installed.
ethanol = mlff.load_system("ethanol")
topology = openmm_topology(ethanol)
system = MLPotential("student-original").createSystem(topology)
integrator = LangevinMiddleIntegrator(
    300 * unit.kelvin, 1 / unit.picosecond, 0.5 * unit.femtosecond
)
simulation = Simulation(topology, system, integrator)
simulation.context.setPositions(ethanol.positions_angstrom * unit.angstrom)
simulation.minimizeEnergy(maxIterations=50)  # the network is compiled meanwhile
simulation.context.setVelocitiesToTemperature(300 * unit.kelvin, 1)
simulation.reporters.append(mlff.reporters.EnergyReporter("energies.csv", 10))
started = time.perf_counter()
simulation.step(n_steps)
milliseconds = 1000 * (time.perf_counter() - started) / n_steps
platform = simulation.context.getPlatform().getName()
print(f"{milliseconds:.2f} ms/step on {platform}; energies.csv is written")

report = mlff.validate(
    "openmm-ml:student-tiny", systems=["water"], protocol=protocol, reference="none"
)
print(f"{report.verdict.label}: {report.verdict.recommendation}")
