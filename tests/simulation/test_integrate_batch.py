"""From the starts of replicas to their places in a batch."""

import numpy as np
import pytest

from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.simulation.integrate import Setup, equilibrate_each, integrate
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replica import Replica
from openmm_mlff.simulation.replicas.system import make_copies, single_copy
from openmm_mlff.simulation.states import ManyCopies

from .conftest import record_of, rows_of


@pytest.fixture
def replicas(water, job, reference, tmp_path):
    """Three; the second starts torn."""
    torn = water.positions_angstrom.copy()
    torn[1] *= 5.0
    made = []
    for number, start in enumerate([water.positions_angstrom, torn, water.positions_angstrom]):
        asked = job(replica=number, duration_ps=0.05, equilibration_ps=0.02)
        record = TrajectoryRecord(asked, reference.name, reference.precision)
        made.append(Replica(tmp_path / asked.name, record, start))
    return made


@pytest.fixture
def setup(student, water, reference):
    def content(count):
        copies = make_copies(student, water, count, precision="double")
        return copies.system, ManyCopies(copies.single, count, copies.energies_ev, 0.5)

    return Setup(
        water,
        reference,
        single=lambda: single_copy(student, water, precision="double"),
        content=content,
        is_batch=True,
    )


def test_stable_ones_start_at_rest_and_with_the_kinetic_energy_drawn(setup, water, replicas):
    counted = []
    stable, start = equilibrate_each(setup, replicas, on_steps=lambda steps: None)
    assert stable == [replicas[0], replicas[2]]
    assert record_of(replicas[1].folder)["status"] == "failed"
    assert start.positions_angstrom.shape == (2, 3, 3)
    assert not np.allclose(*start.positions_angstrom)
    integrate(setup, stable, start, on_steps=counted.append)
    assert sum(counted) == 2 * 100
    for replica in stable:
        assert record_of(replica.folder)["replicas"] == 2
        # Linear and angular momentum of the first row; thermal would be 100 and more.
        assert np.abs(rows_of(replica.folder, "momenta.csv")[0, 2:5]).max() < 1e-9


def test_the_start_has_the_velocities_at_the_time_of_the_positions(
    setup, water, replicas, monkeypatch
):
    drawn = []
    equilibrate = Replica.equilibrate

    def remembered(self, *arguments, **options):
        drawn.append(equilibrate(self, *arguments, **options))
        return drawn[-1]

    monkeypatch.setattr(Replica, "equilibrate", remembered)
    stable, start = equilibrate_each(setup, replicas[::2], on_steps=lambda steps: None)
    integrate(setup, stable, start, on_steps=lambda steps: None)
    for (placed, moving), replica in zip(drawn, stable, strict=True):
        linear, angular = momenta(
            placed, velocities_angstrom_per_ps=moving, masses_amu=water.masses_amu
        )
        assert max(np.abs(linear).max(), np.abs(angular).max()) < 1e-9
        # ½ m v² in amu Å²/ps², of which one is 1.0364e-4 eV.
        expected = 0.5 * 1.036427e-4 * (water.masses_amu @ (moving**2).sum(axis=1))
        assert rows_of(replica.folder, "energies.csv")[0, 3] == pytest.approx(expected, rel=1e-6)
