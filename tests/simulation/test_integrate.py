"""Trajectories: what they write, and how they report failures."""

import mdtraj
import numpy as np
import openmm
import pytest

from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN

from .conftest import record_of, rows_of


def test_a_run_writes_record_rows_and_frames(run, reference, job, tmp_path):
    folder, done = tmp_path / "run", []
    run(job(), folder, reference, lambda *steps: done.append(steps))
    # The steps include the equilibration.
    assert done == [(step, 1200) for step in (*range(20, 201, 20), *range(300, 1201, 100))]
    files = ("energies.csv", "momenta.csv", "run.json", "state.xml", "topology.pdb")
    assert {path.name for path in folder.iterdir()} == {*files, "trajectory.dcd"}
    table = record_of(folder)
    assert (table["status"], table["failure"], table["steps"]) == ("complete", None, 1000)
    assert table["completed_ps"] == table["requested_ps"] == 0.5
    assert table["n_degrees_of_freedom"] == 3
    # Ten blocks of 100, the first of which is the warm-up.
    assert table["steps_per_block"] == 100
    for name in ("cpu_ms_per_step_blocks", "yardstick_ms_blocks", "resident_mebibytes_blocks"):
        assert len(table[name]) == len(table["ms_per_step_blocks"]) == 9
    assert all(0.0 < time < 100.0 for time in table["ms_per_step_blocks"])
    rows = rows_of(folder, "energies.csv")
    np.testing.assert_array_equal(rows[:, 0], np.arange(0, 1001, 10))
    np.testing.assert_allclose(rows[:, 1], 0.0005 * rows[:, 0], atol=1e-12)
    np.testing.assert_allclose(rows[:, 4], rows[:, 2] + rows[:, 3], atol=1e-15)
    # Without rotation and translation three vibrations are left.
    kelvin = 2.0 * rows[:, 3] / (3 * BOLTZMANN_EV_PER_KELVIN)
    np.testing.assert_allclose(rows[:, 5], kelvin, rtol=1e-12)
    relative_mev = 1000.0 * (rows[:, 4] - rows[0, 4]) / 3
    assert np.abs(relative_mev).max() < 2.0
    assert abs(np.polyfit(rows[:, 1], relative_mev, 1)[0]) < 0.5
    momenta = rows_of(folder, "momenta.csv")
    assert len(momenta) == 101
    # Thermal would be 170 amu Å/ps and 100 amu Å²/ps.
    assert np.abs(momenta[:, 2:8]).max() < 1e-8
    assert 0.1 < momenta[:, 8].max() < 20.0
    frames = mdtraj.load(str(folder / "trajectory.dcd"), top=str(folder / "topology.pdb"))
    assert frames.n_frames == 50
    assert [atom.name for atom in frames.topology.atoms] == ["O1", "H2", "H3"]
    state = openmm.XmlSerializer.deserialize((folder / "state.xml").read_text())
    assert state.getStepCount() == 1000
    last = state.getPositions(asNumpy=True)._value
    np.testing.assert_allclose(frames.xyz[-1], last, atol=1e-6)


def test_fluctuations_of_the_energy_decrease_as_the_square_of_the_step(
    run, reference, job, tmp_path
):
    sigma = {}
    for timestep_fs in (0.25, 0.5, 1.0):
        folder = tmp_path / str(timestep_fs)
        run(job(timestep_fs=timestep_fs, energy_interval_steps=3), folder, reference)
        sigma[timestep_fs] = rows_of(folder, "energies.csv")[:, 4].std()
    exponent = np.polyfit(np.log(list(sigma)), np.log(list(sigma.values())), 1)[0]
    assert exponent == pytest.approx(2.0, abs=0.1)


@pytest.fixture
def failed(run, tmp_path):
    """Run a job that fails; returns its record."""

    def failed(system, molecule, job, platform, start=None):
        start = molecule.positions_angstrom if start is None else start
        own = {"system": system, "molecule": molecule, "start_positions_angstrom": start}
        run(job, tmp_path, platform, **own)
        table = record_of(tmp_path)
        assert table["status"] == "failed"
        assert table["failure"]["kind"] == "unstable"
        return table

    return failed


@pytest.mark.parametrize(
    ("expression", "said"), [("-50*r", "bond Cl1–H2 is"), ("sqrt(0.14-r) - 200*r", "not")]
)
def test_an_unstable_run_is_recorded_and_not_repeated(
    failed, bonded_by, hydrogen_chloride, platform, job, tmp_path, expression, said
):
    system = bonded_by(expression)
    asked = job(equilibration_ps=0.0, duration_ps=5.0)
    table = failed(system, hydrogen_chloride, asked, platform)
    failure = table["failure"]
    assert said in failure["message"]
    assert failure["message"].startswith(f"at {failure['time_ps']:.4f} ps (step ")
    assert failure["atoms"] == [0, 1]
    assert 0.0 <= failure["time_ps"] < 5.0
    assert table["completed_ps"] == pytest.approx(failure["time_ps"])
    if said != "not":
        # The rows before the failure are kept; the frame that failed is in no stream.
        assert rows_of(tmp_path, "energies.csv")[-1, 0] == table["steps"] - 10
    before = (tmp_path / "run.json").read_bytes()
    failed(system, hydrogen_chloride, asked, platform)
    assert (tmp_path / "run.json").read_bytes() == before


def test_failures_before_the_run_are_recorded(
    failed, bonded_by, hydrogen_chloride, reference, job, tmp_path
):
    system = bonded_by("-2000*r")
    table = failed(system, hydrogen_chloride, job(), reference)
    assert "in the equilibration before the run" in table["failure"]["message"]
    assert table["failure"]["time_ps"] < 0.0
    assert not (tmp_path / "energies.csv").exists()
    (tmp_path / "run.json").unlink()
    torn = 3.0 * hydrogen_chloride.positions_angstrom
    table = failed(system, hydrogen_chloride, job(), reference, start=torn)
    assert "at the minimum from which it starts: bond Cl1–H2 is" in table["failure"]["message"]
    assert table["completed_ps"] == 0.0
