"""From the starts of replicas to their places in a batch."""

import numpy as np
import pytest

from openmm_mlff.errors import PotentialError
from openmm_mlff.reporters.momentum import momenta
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replicas.production import Place, begin, produce
from openmm_mlff.simulation.replicas.replica import Replica

from .conftest import NanBetween, record_of, rows_of


@pytest.fixture
def replicas(water, job, reference, tmp_path):
    """Three; the second starts torn."""
    torn = water.positions_angstrom.copy()
    torn[1] *= 5.0
    starts = [water.positions_angstrom, torn, water.positions_angstrom]
    made = []
    for number, start in enumerate(starts):
        asked = job(replica=number, duration_ps=0.05, equilibration_ps=0.02)
        record = TrajectoryRecord(asked, reference.name, reference.precision)
        made.append(Replica(asked, tmp_path / asked.name, record, start))
    return made


def test_those_that_begin_have_places_and_the_others_a_record(oracle, water, reference, replicas):
    place = Place(oracle, water, reference, "double")
    begun, start = begin(place, replicas, on_steps=lambda steps: None)
    assert begun == [replicas[0], replicas[2]]
    assert replicas[1].is_failed
    assert record_of(replicas[1].folder)["status"] == "failed"
    assert start.positions_nm.shape == start.velocities_angstrom_per_ps.shape == (2, 3, 3)
    assert not np.allclose(start.positions_nm[0], start.positions_nm[1])
    for placed, moving in zip(
        10.0 * start.positions_nm, start.velocities_angstrom_per_ps, strict=True
    ):
        linear, angular = momenta(
            placed, velocities_angstrom_per_ps=moving, masses_amu=water.masses_amu
        )
        assert max(np.abs(linear).max(), np.abs(angular).max()) < 1e-9


def test_the_first_row_has_the_kinetic_energy_of_the_start(oracle, water, reference, replicas):
    place = Place(oracle, water, reference, "double")
    begun, start = begin(place, replicas, on_steps=lambda steps: None)
    counted = []
    produce(place, begun, start, on_steps=counted.append)
    assert sum(counted) == 2 * 100
    squares = (start.velocities_angstrom_per_ps**2).sum(axis=2) @ water.masses_amu
    # ½ m v² in amu Å²/ps², of which one is 1.0364e-4 eV.
    found = [rows_of(replica.folder, "energies.csv")[0, 3] for replica in begun]
    np.testing.assert_allclose(found, 0.5 * squares * 1.036427e-4, rtol=1e-6)


def test_a_system_of_its_own_is_refused_before_anything_is_written(
    water, reference, replicas, oracle
):
    class Whole(NanBetween):
        def create_system(self, molecule, *, precision="mixed"):
            raise NotImplementedError

    place = Place(Whole(oracle), water, reference, "double")
    with pytest.raises(PotentialError, match="whole System of its own"):
        begin(place, replicas, on_steps=lambda steps: None)
    assert not any(replica.folder.exists() for replica in replicas)
