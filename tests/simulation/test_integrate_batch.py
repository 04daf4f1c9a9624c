"""From the starts of replicas to their places in a batch."""

import numpy as np
import pytest

from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.simulation.integrate import Setup, equilibrate_each, integrate
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replica import Replica
from openmm_mlff.simulation.replicas.system import make_copies, single_copy
from openmm_mlff.simulation.states import ManyCopies
from openmm_mlff.units import EV_PER_AMU_ANGSTROM2_PER_PS2

from .conftest import record_of, rows_of


@pytest.fixture
def replicas(water, job, reference, tmp_path):
    """Three; the second starts torn."""
    made = []
    for number, scale in enumerate((1.0, 5.0, 1.0)):
        asked = job(replica=number, duration_ps=0.05, equilibration_ps=0.02)
        record = TrajectoryRecord(asked, reference.name, reference.precision)
        made.append(Replica(tmp_path / asked.name, record, scale * water.positions_angstrom))
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


def test_stable_replicas_start_at_rest_with_the_kinetic_energy_drawn(
    setup, water, replicas, monkeypatch
):
    drawn, counted = [], []
    equilibrate = Replica.equilibrate

    def recorded(self, *arguments, **options):
        drawn.append(equilibrate(self, *arguments, **options))
        return drawn[-1]

    monkeypatch.setattr(Replica, "equilibrate", recorded)
    stable, start = equilibrate_each(setup, replicas, on_steps=lambda steps: None)
    assert stable == replicas[::2]
    assert record_of(replicas[1].folder)["status"] == "failed"
    assert start.positions_angstrom.shape == (2, 3, 3)
    assert not np.allclose(*start.positions_angstrom)
    integrate(setup, stable, start, on_steps=counted.append)
    assert sum(counted) == 2 * 100
    for (placed, moving), replica in zip(drawn, stable, strict=True):
        assert record_of(replica.folder)["replicas"] == 2
        linear, angular = momenta(
            placed, velocities_angstrom_per_ps=moving, masses_amu=water.masses_amu
        )
        # Thermal momenta would be 100 and more.
        first = rows_of(replica.folder, "momenta.csv")[0, 2:5]
        assert np.abs([*linear, *angular, *first]).max() < 1e-9
        kinetic = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * (water.masses_amu @ (moving**2).sum(axis=1))
        assert rows_of(replica.folder, "energies.csv")[0, 3] == pytest.approx(kinetic, rel=1e-6)
