"""Trajectories: what they write, and what they say when they go wrong."""

import mdtraj
import numpy as np
import openmm
import pytest

from openmm_mlff.simulation import named_platform
from openmm_mlff.storage.streams import ENERGY_COLUMNS, MOMENTUM_COLUMNS, read_csv
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN

from .conftest import record_of


@pytest.fixture
def finished(run, reference, job, tmp_path):
    run(job(), tmp_path / "run", reference)
    return tmp_path / "run"


def test_the_record_is_complete(finished):
    table = record_of(finished)
    assert table["status"] == "complete"
    assert table["failure"] is None
    assert table["steps"] == 1000
    assert table["completed_ps"] == table["requested_ps"] == 0.5
    assert table["n_degrees_of_freedom"] == 3
    # Ten blocks of 100, the first of which warms up.
    assert len(table["ms_per_step_blocks"]) == 9
    assert all(0.0 < time < 100.0 for time in table["ms_per_step_blocks"])
    for name in ("cpu_ms_per_step_blocks", "yardstick_ms_blocks", "resident_mebibytes_blocks"):
        assert len(table[name]) == 9
    assert table["steps_per_block"] == 100
    assert sorted(path.name for path in finished.iterdir()) == [
        "energies.csv",
        "momenta.csv",
        "run.json",
        "state.xml",
        "topology.pdb",
        "trajectory.dcd",
    ]


def test_energies_start_at_zero_and_are_conserved(finished):
    rows = read_csv(finished / "energies.csv", ENERGY_COLUMNS)
    np.testing.assert_array_equal(rows[:, 0], np.arange(0, 1001, 10))
    np.testing.assert_allclose(rows[:, 1], 0.0005 * rows[:, 0], atol=1e-12)
    np.testing.assert_allclose(rows[:, 4], rows[:, 2] + rows[:, 3], atol=1e-15)
    # Rotation and translation are gone: three vibrations are left.
    np.testing.assert_allclose(
        rows[:, 5], 2.0 * rows[:, 3] / (3 * BOLTZMANN_EV_PER_KELVIN), rtol=1e-12
    )
    relative_mev = 1000.0 * (rows[:, 4] - rows[0, 4]) / 3
    assert np.abs(relative_mev).max() < 2.0
    slope = np.polyfit(rows[:, 1], relative_mev, 1)[0]
    assert abs(slope) < 0.5


def test_nothing_turns_or_flies(finished):
    rows = read_csv(finished / "momenta.csv", MOMENTUM_COLUMNS)
    assert len(rows) == 101
    # Thermal would be 170 amu Å/ps and 100 amu Å²/ps.
    assert np.abs(rows[:, 2:8]).max() < 1e-8
    assert 0.1 < rows[:, 8].max() < 20.0


def test_frames_are_those_of_mdtraj_and_the_last_is_the_saved_state(finished):
    frames = mdtraj.load(str(finished / "trajectory.dcd"), top=str(finished / "topology.pdb"))
    assert frames.n_frames == 50
    assert [atom.name for atom in frames.topology.atoms] == ["O1", "H2", "H3"]
    state = openmm.XmlSerializer.deserialize((finished / "state.xml").read_text())
    assert state.getStepCount() == 1000
    last = state.getPositions(asNumpy=True)._value
    np.testing.assert_allclose(frames.xyz[-1], last, atol=1e-6)


def test_the_smaller_the_step_the_smaller_the_ripple(run, reference, job, tmp_path):
    # Leapfrog from a correct start: the total energy ripples as dt².
    sigma = {}
    for timestep_fs in (0.25, 0.5, 1.0):
        folder = tmp_path / str(timestep_fs)
        run(job(timestep_fs=timestep_fs, energy_interval_steps=3), folder, reference)
        sigma[timestep_fs] = read_csv(folder / "energies.csv", ENERGY_COLUMNS)[:, 4].std()
    exponent = np.polyfit(np.log(list(sigma)), np.log(list(sigma.values())), 1)[0]
    assert exponent == pytest.approx(2.0, abs=0.1)


@pytest.fixture
def failed(run, tmp_path):
    """Run a job that fails; gives its record."""

    def failed(system, molecule, job, platform, start=None):
        start = molecule.positions_angstrom if start is None else start
        own = {"system": system, "molecule": molecule, "start_positions_angstrom": start}
        run(job, tmp_path, platform, **own)
        table = record_of(tmp_path)
        assert table["status"] == "failed"
        assert table["failure"]["kind"] == "unstable"
        return table

    return failed


def test_a_bond_torn_on_the_way_is_recorded(
    failed, bonded_by, hydrogen_chloride, platform, job, tmp_path
):
    system = bonded_by("-50*r")
    asked = job(equilibration_ps=0.0, duration_ps=5.0)
    table = failed(system, hydrogen_chloride, asked, platform)
    failure = table["failure"]
    assert "bond Cl1–H2 is" in failure["message"]
    assert failure["message"].startswith(f"at {failure['time_ps']:.4f} ps (step ")
    assert failure["atoms"] == [0, 1]
    assert 0.0 < failure["time_ps"] < 5.0
    assert table["completed_ps"] == pytest.approx(failure["time_ps"])
    # What was written stays; the frame that failed is in no stream.
    rows = read_csv(tmp_path / "energies.csv", ENERGY_COLUMNS)
    assert rows[-1, 0] == table["steps"] - 10
    # And a failed run is not run again.
    before = (tmp_path / "run.json").read_bytes()
    failed(system, hydrogen_chloride, asked, platform)
    assert (tmp_path / "run.json").read_bytes() == before


def test_a_failure_in_the_equilibration_is_recorded(
    failed, bonded_by, hydrogen_chloride, reference, job, tmp_path
):
    table = failed(bonded_by("-2000*r"), hydrogen_chloride, job(), reference)
    assert "in the equilibration before the run" in table["failure"]["message"]
    assert table["failure"]["time_ps"] < 0.0
    assert table["completed_ps"] == 0.0
    assert not (tmp_path / "energies.csv").exists()


def test_numbers_that_are_none_are_recorded(
    failed, bonded_by, hydrogen_chloride, platform, job, tmp_path
):
    system = bonded_by("sqrt(0.14-r) - 200*r")
    asked = job(equilibration_ps=0.0)
    table = failed(system, hydrogen_chloride, asked, platform)
    assert "not" in table["failure"]["message"]
    assert table["failure"]["atoms"] == [0, 1]


def test_a_minimum_that_is_another_molecule_is_recorded(
    failed, water_system, water, water_minimum, reference, job
):
    torn = water_minimum.copy()
    torn[2] *= 3.0
    table = failed(water_system, water, job(), reference, start=torn)
    assert "at the minimum it was to start from: bond O1–H3 is" in table["failure"]["message"]
    assert table["completed_ps"] == 0.0


def test_an_error_of_the_code_goes_through_and_leaves_what_was_written(
    run, reference, job, tmp_path, monkeypatch
):
    from openmm_mlff.reporters import EnergyReporter

    report = EnergyReporter.report

    def broken(self, simulation, state):
        if simulation.currentStep == 500:
            raise OSError("disk full")
        report(self, simulation, state)

    monkeypatch.setattr(EnergyReporter, "report", broken)
    with pytest.raises(OSError, match="disk full"):
        run(job(), tmp_path, reference)
    assert record_of(tmp_path)["status"] == "running"
    assert len(read_csv(tmp_path / "energies.csv", ENERGY_COLUMNS)) == 50


def test_a_run_stays_on_the_platform_it_was_begun_on(run, reference, job, tmp_path):
    for duration_ps, platform in ((0.5, reference), (0.6, named_platform("CPU"))):
        run(job(duration_ps=duration_ps), tmp_path, platform)
    assert record_of(tmp_path)["platform"] == "Reference"
    assert record_of(tmp_path)["completed_ps"] == 0.6


def test_steps_count_the_equilibration(run, reference, job, tmp_path):
    done = []
    run(job(), tmp_path, reference, lambda *steps: done.append(steps))
    assert done == [(step, 1200) for step in (*range(20, 201, 20), *range(300, 1201, 100))]
