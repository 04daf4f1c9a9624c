"""Analytic systems: a harmonic diatomic, whose leapfrog is known exactly, and harmonic water."""

from dataclasses import dataclass

import numpy as np
import openmm
import pytest
from openmm import app

from openmm_mlff.molecules import load_system


def simulation_of(system, symbols, *, timestep_ps=0.0005):
    """Make a Simulation of one molecule on the Reference platform."""
    topology = app.Topology()
    residue = topology.addResidue("MOL", topology.addChain())
    for index, symbol in enumerate(symbols, start=1):
        topology.addAtom(f"{symbol}{index}", app.Element.getBySymbol(symbol), residue)
    return app.Simulation(
        topology,
        system,
        openmm.VerletIntegrator(timestep_ps),
        openmm.Platform.getPlatformByName("Reference"),
    )


def report(simulation, reporter, *, steps):
    """Run a Simulation with one more reporter."""
    simulation.reporters.append(reporter)
    simulation.step(steps)


@dataclass(frozen=True)
class Oscillator:
    """Two atoms on a spring along x, r₀ = 1 Å, in OpenMM's units (nm, ps, amu, kJ/mol).

    Leapfrog of a harmonic oscillator is a rotation by θ a step, sin(θ/2) = ωΔt/2:
    q_n = q₀ cos nθ + (v₀Δt/sin θ) sin nθ, and v_n = v₀ cos nθ − (q₀ sin θ/Δt) sin nθ on the step.
    """

    stretch_nm: float = 0.01
    velocity_nm_per_ps: float = 1.5
    timestep_ps: float = 0.0005
    spring_kj_per_mol_nm2: float = 3.0e5
    masses_amu: tuple[float, float] = (35.45, 1.008)
    rest_nm: float = 0.1

    @property
    def reduced_mass_amu(self):
        return self.masses_amu[0] * self.masses_amu[1] / sum(self.masses_amu)

    @property
    def angle(self):
        omega = np.sqrt(self.spring_kj_per_mol_nm2 / self.reduced_mass_amu)
        return 2.0 * np.arcsin(omega * self.timestep_ps / 2.0)

    def stretch_at(self, step):
        sine = self.velocity_nm_per_ps * self.timestep_ps / np.sin(self.angle)
        phase = step * self.angle
        return self.stretch_nm * np.cos(phase) + sine * np.sin(phase)

    def velocity_at(self, step):
        sine = self.stretch_nm * np.sin(self.angle) / self.timestep_ps
        phase = step * self.angle
        return self.velocity_nm_per_ps * np.cos(phase) - sine * np.sin(phase)

    def potential_kj_per_mol(self, step):
        return 0.5 * self.spring_kj_per_mol_nm2 * self.stretch_at(step) ** 2

    def kinetic_kj_per_mol(self, step):
        return 0.5 * self.reduced_mass_amu * self.velocity_at(step) ** 2

    def system(self):
        system = openmm.System()
        for mass in self.masses_amu:
            system.addParticle(mass)
        bond = openmm.HarmonicBondForce()
        bond.addBond(0, 1, self.rest_nm, self.spring_kj_per_mol_nm2)
        system.addForce(bond)
        return system

    def simulation(self):
        """Start at step 0 with the half kick subtracted."""
        simulation = simulation_of(self.system(), ("Cl", "H"), timestep_ps=self.timestep_ps)
        acceleration = -self.spring_kj_per_mol_nm2 * self.stretch_nm / self.reduced_mass_amu
        relative = self.velocity_nm_per_ps - 0.5 * self.timestep_ps * acceleration
        share = np.array([-self.masses_amu[1], self.masses_amu[0]]) / sum(self.masses_amu)
        simulation.context.setPositions([[0, 0, 0], [self.rest_nm + self.stretch_nm, 0, 0]])
        simulation.context.setVelocities(np.outer(relative * share, [1.0, 0.0, 0.0]))
        return simulation


@pytest.fixture
def oscillator():
    return Oscillator()


@pytest.fixture
def hot_water():
    """A Simulation of harmonic water that vibrates, rotates and moves."""
    water = load_system("water")
    system = openmm.System()
    for mass in water.masses_amu:
        system.addParticle(mass)
    bonds, angle = openmm.HarmonicBondForce(), openmm.HarmonicAngleForce()
    for first, second in water.bonds:
        bonds.addBond(first, second, 0.096, 4.6e5)
    angle.addAngle(1, 0, 2, 1.82, 380.0)
    system.addForce(bonds)
    system.addForce(angle)
    simulation = simulation_of(system, water.symbols)
    simulation.context.setPositions(water.positions_angstrom / 10.0)
    simulation.context.setVelocitiesToTemperature(300.0, 11)
    return simulation


@pytest.fixture
def resumed(oscillator):
    """Run 200 steps at once, and in two parts of which the first lost its last 50 steps."""

    def run(make, whole, parts, *, stop=100, damage=None):
        report(oscillator.simulation(), make(whole), steps=200)
        broken = oscillator.simulation()
        report(broken, make(parts), steps=stop)
        state = broken.context.getState(positions=True, velocities=True)
        broken.step(50)
        broken.reporters[0].close()
        if damage is not None:
            damage(parts)
        again = oscillator.simulation()
        again.context.setState(state)
        report(again, make(parts, resume_after_step=stop), steps=200 - stop)

    return run
