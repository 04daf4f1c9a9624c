"""A student, an analytic potential, and jobs for replicas."""

import json

import numpy as np
import pytest

from openmm_mlff.potentials.registry import load_potential
from openmm_mlff.rundir import ENERGY_COLUMNS, MOMENTUM_COLUMNS, read_csv
from openmm_mlff.selftest.oracles import BondedOracle
from openmm_mlff.selftest.oracles.surface import SurfacePotential

STREAMS = {"energies.csv": ENERGY_COLUMNS, "momenta.csv": MOMENTUM_COLUMNS}


class NanBetween(SurfacePotential):
    """A sound surface that gives no number where the first bond is 1.15 to 1.35 Å long."""

    def __init__(self, healthy):
        super().__init__(name="nan-between", seed=healthy.seed)
        self.healthy = healthy

    def surface(self, atomic_numbers):
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
    """The same, its forces by automatic gradients."""
    return student.other_backends()["torchforce-plain"]


@pytest.fixture
def oracle(water):
    return BondedOracle(water, seed=3)


@pytest.fixture
def nan_between(oracle):
    return NanBetween(oracle)


@pytest.fixture
def stretched(water):
    """The first bond at 1.49 times its length: it swings to half of what it started from."""
    placed = water.positions_angstrom.copy()
    placed[1] = placed[0] + 1.49 * (placed[1] - placed[0])
    return placed


def record_of(folder):
    return json.loads((folder / "run.json").read_text())


def rows_of(folder, name):
    return read_csv(folder / name, STREAMS[name])


def assert_same_rows(one, other, *, atol):
    for name in STREAMS:
        rows = rows_of(one, name)
        assert len(rows) > 1
        np.testing.assert_allclose(rows_of(other, name), rows, rtol=0.0, atol=atol)
