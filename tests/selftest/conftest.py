"""Molecules and healthy potentials."""

import numpy as np
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import KINDS, healthy


@pytest.fixture(scope="session")
def molecules():
    return {name: load_system(name) for name in ("water", "methane", "methanol", "argon_108")}


@pytest.fixture(scope="session")
def water(molecules):
    return molecules["water"]


@pytest.fixture(params=[kind for kind in KINDS if kind != "staircase"])
def kind(request) -> str:
    """A kind whose energy is as fine as float64."""
    return request.param


@pytest.fixture
def make(molecules):
    """Make a healthy potential of a kind for a molecule."""
    return lambda kind, *, system="water", seed=0: healthy(
        kind, molecule=molecules[system], seed=seed
    )


@pytest.fixture
def planted(make):
    """Plant a fault, gross unless a strength is given; return the faulty and the sound one."""

    def plant(name, strength=None):
        fault = get_fault(name)
        sound = make(fault.parent, system=fault.system)
        return fault.plant(sound, fault.gross if strength is None else strength), sound

    return plant


@pytest.fixture
def distorted():
    """Geometries around a molecule's own, (G, N, 3)."""

    def distort(molecule, *, count=4):
        noise = np.random.default_rng(3).normal(scale=0.05, size=(count, molecule.n_atoms, 3))
        return molecule.positions_angstrom + noise

    return distort


@pytest.fixture
def force_error():
    """Largest difference of forces from central differences along random directions, eV/Å."""

    def measure(potential, molecule, positions, *, step=1e-4):
        rng = np.random.default_rng(5)
        directions = rng.normal(size=positions.shape)

        def energies(shift):
            placed = positions + shift * directions
            return potential.evaluate(molecule, placed, precision="double").energies_ev

        slopes = (energies(step) - energies(-step)) / (2.0 * step)
        found = potential.evaluate(molecule, positions, precision="double")
        return np.abs(slopes + (found.forces_ev_per_angstrom * directions).sum((1, 2))).max()

    return measure
