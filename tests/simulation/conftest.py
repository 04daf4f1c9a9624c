"""Harmonic molecules in OpenMM, a student, an analytic potential, and a short job."""

import json
from dataclasses import replace

import numpy as np
import openmm
import pytest

from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials.registry import load_potential
from openmm_mlff.selftest.oracles import BondedOracle
from openmm_mlff.selftest.oracles.surface import SurfacePotential
from openmm_mlff.simulation import TrajectoryJob, make_simulation, named_platform, run_trajectory
from openmm_mlff.storage.streams import ENERGY_COLUMNS, MOMENTUM_COLUMNS, read_csv

BOND_KJ_PER_MOL_NM2 = 4.6e5
ANGLE_KJ_PER_MOL = 380.0
WATER_BOND_NM = 0.096
WATER_ANGLE = 1.82
STREAMS = {"energies.csv": ENERGY_COLUMNS, "momenta.csv": MOMENTUM_COLUMNS}


def masses_only(molecule):
    system = openmm.System()
    for mass in molecule.masses_amu:
        system.addParticle(mass)
    return system


@pytest.fixture(scope="session")
def water():
    return load_system("water")


@pytest.fixture(scope="session")
def water_minimum(water):
    """Positions of the minimum of the harmonic water below, (3, 3), Å."""
    length, half = 10.0 * WATER_BOND_NM, WATER_ANGLE / 2.0
    hydrogen = length * np.array([np.sin(half), -np.cos(half), 0.0])
    return np.array([[0.0, 0.0, 0.0], hydrogen, hydrogen * [-1.0, 1.0, 1.0]])


@pytest.fixture
def water_system(water):
    system = masses_only(water)
    bonds, angle = openmm.HarmonicBondForce(), openmm.HarmonicAngleForce()
    for first, second in water.bonds:
        bonds.addBond(first, second, WATER_BOND_NM, BOND_KJ_PER_MOL_NM2)
    angle.addAngle(1, 0, 2, WATER_ANGLE, ANGLE_KJ_PER_MOL)
    system.addForce(bonds)
    system.addForce(angle)
    return system


@pytest.fixture(scope="session")
def hydrogen_chloride():
    return MolecularSystem(
        name="hydrogen chloride",
        atomic_numbers=np.array([17, 1]),
        positions_angstrom=np.array([[0.0, 0.0, 0.0], [1.275, 0.0, 0.0]]),
    )


@pytest.fixture
def bonded_by(hydrogen_chloride):
    """Make a System of HCl with any energy in kJ/mol along the bond, r in nm."""

    def make(expression):
        system = masses_only(hydrogen_chloride)
        force = openmm.CustomBondForce(expression)
        force.addBond(0, 1, [])
        system.addForce(force)
        return system

    return make


@pytest.fixture(params=["Reference", "CPU"])
def platform(request):
    return named_platform(request.param)


@pytest.fixture
def reference():
    return named_platform("Reference")


@pytest.fixture
def job():
    """Make a short job; keywords replace its fields."""

    def make(**changes):
        usual = TrajectoryJob(
            temperature_kelvin=300.0,
            timestep_fs=0.5,
            duration_ps=0.5,
            equilibration_ps=0.1,
            equilibration_timestep_fs=0.5,
            friction_per_ps=10.0,
            energy_interval_steps=10,
            frame_interval_steps=20,
            seed=4,
        )
        return replace(usual, **changes)

    return make


@pytest.fixture
def at_minimum(water_system, water, water_minimum):
    """Make an OpenMM simulation of the harmonic water at its minimum."""

    def simulation(platform):
        return make_simulation(
            water_system,
            water,
            openmm.VerletIntegrator(0.0005),
            platform=platform,
            positions_angstrom=water_minimum,
        )

    return simulation


@pytest.fixture
def run(water_system, water, water_minimum):
    """Run a job of the harmonic water; keywords replace its arguments."""

    def run(job, folder, platform, on_progress=None, **changes):
        asked = {"system": water_system, "molecule": water} | changes
        asked.setdefault("start_positions_angstrom", water_minimum)
        run_trajectory(**asked, job=job, folder=folder, platform=platform, on_progress=on_progress)

    return run


class NanBetween(SurfacePotential):
    """A surface whose forces are NaN where the first bond is 1.15 to 1.35 Å long."""

    def __init__(self, healthy):
        super().__init__(name="nan-between", seed=healthy.seed)
        self.healthy = healthy

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        sound = self.healthy.surface(atomic_numbers)

        def evaluate(positions):
            energies, forces = sound(positions)
            lengths = np.linalg.norm(positions[:, 0] - positions[:, 1], axis=1)
            between = (lengths > 1.15) & (lengths < 1.35)
            return energies, np.where(between[:, None, None], np.nan, forces)

        return evaluate


@pytest.fixture(scope="session")
def student():
    return load_potential("student:tiny")


@pytest.fixture(scope="session")
def plain_student(student):
    """The same student with forces by automatic differentiation."""
    return student.other_backends()["torchforce-plain"]


@pytest.fixture
def oracle(water):
    return BondedOracle(water, seed=3)


@pytest.fixture
def nan_between(oracle):
    return NanBetween(oracle)


@pytest.fixture
def stretched(water):
    """The first bond at 1.49 times its length: it oscillates to half of it."""
    placed = water.positions_angstrom.copy()
    placed[1] = placed[0] + 1.49 * (placed[1] - placed[0])
    return placed


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def stop_at(step):
    """Return a progress function that interrupts a run after so many steps."""

    def on_progress(done, _total):
        if done >= step:
            raise KeyboardInterrupt

    return on_progress


def rows_of(folder, name):
    return read_csv(folder / name, STREAMS[name])


def assert_same_rows(one, other, *, atol):
    for name in STREAMS:
        rows = rows_of(one, name)
        assert len(rows) > 1
        np.testing.assert_allclose(rows_of(other, name), rows, rtol=0.0, atol=atol)
