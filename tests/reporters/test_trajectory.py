import struct

import numpy as np
import pytest
from openmm import unit

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.reporters import TrajectoryReporter, UnstableError
from openmm_mlff.reporters.trajectory import truncate_dcd

from .conftest import report


def _frames(path):
    """Read the positions, (F, N, 3), Å, of a DCD without a box."""
    content = path.read_bytes()
    n_atoms = struct.unpack("<i", content[268:272])[0]
    record = np.dtype([("n", "<i4"), ("x", "<f4", (n_atoms,)), ("m", "<i4")])
    columns = np.frombuffer(content[276:], dtype=record)["x"].reshape(-1, 3, n_atoms)
    return columns.transpose(0, 2, 1)


def _header(path):
    content = path.read_bytes()
    return struct.unpack("<4i", content[8:24])


def test_frames_are_the_exact_positions(oscillator, tmp_path):
    report(oscillator.simulation(), TrajectoryReporter(tmp_path / "t.dcd", 5), steps=100)
    frames = _frames(tmp_path / "t.dcd")
    assert frames.shape == (20, 2, 3)
    distance = np.linalg.norm(frames[:, 1] - frames[:, 0], axis=1)
    expected = 10.0 * (oscillator.rest_nm + oscillator.stretch_at(np.arange(5, 101, 5)))
    np.testing.assert_allclose(distance, expected, atol=1e-6)
    # Frames, first step, interval, last step.
    assert _header(tmp_path / "t.dcd") == (20, 5, 5, 100)


@pytest.mark.parametrize("lost_bytes", [0, 13])
def test_a_resumed_file_equals_an_uninterrupted_one(resumed, tmp_path, lost_bytes):
    def truncate(path):
        content = path.read_bytes()
        path.write_bytes(content[: len(content) - lost_bytes])

    def without_date(path):
        content = path.read_bytes()
        return content[:180] + content[260:]

    def make(path, **options):
        return TrajectoryReporter(path, 10, **options)

    whole, parts = tmp_path / "whole.dcd", tmp_path / "parts.dcd"
    resumed(make, whole, parts, stop=105, damage=truncate)
    assert without_date(parts) == without_date(whole)


def test_a_run_resumed_before_its_first_frame_writes_a_new_file(oscillator, tmp_path):
    (tmp_path / "t.dcd").write_bytes(b"remains")
    simulation = oscillator.simulation()
    simulation.step(4)
    simulation.reporters.append(TrajectoryReporter(tmp_path / "t.dcd", 10, resume_after_step=4))
    assert not (tmp_path / "t.dcd").exists()
    simulation.step(6)
    assert _frames(tmp_path / "t.dcd").shape == (1, 2, 3)


def test_frames_with_a_box_are_counted(oscillator, tmp_path):
    simulation = oscillator.simulation()
    simulation.topology.setUnitCellDimensions((3.0, 3.0, 3.0))
    report(simulation, TrajectoryReporter(tmp_path / "t.dcd", 10), steps=50)
    simulation.reporters[0].close()
    truncate_dcd(tmp_path / "t.dcd", n_frames=2, interval=10)
    assert (tmp_path / "t.dcd").stat().st_size == 276 + 2 * (56 + 3 * 16)
    assert _header(tmp_path / "t.dcd") == (2, 10, 10, 20)


def test_lost_frames_and_other_files_are_named(oscillator, tmp_path):
    simulation = oscillator.simulation()
    report(simulation, TrajectoryReporter(tmp_path / "t.dcd", 10), steps=20)
    simulation.reporters[0].close()
    (tmp_path / "other.dcd").write_text("not a trajectory")
    for name, fault in (
        ("t.dcd", "2 frames"),
        ("missing.dcd", "missing"),
        ("other.dcd", "not a DCD file"),
    ):
        with pytest.raises(RunDirectoryError, match=fault):
            TrajectoryReporter(tmp_path / name, 10, resume_after_step=50)


def test_a_nan_coordinate_stops_the_run(oscillator, tmp_path):
    simulation = oscillator.simulation()
    reporter = TrajectoryReporter(tmp_path / "t.dcd", 5)
    state = simulation.context.getState(positions=True)
    lost = state.getPositions(asNumpy=True)._value.copy()
    lost[1, 0] = np.nan

    class Lost:
        def getPositions(self, asNumpy):  # noqa: N802, N803
            return unit.Quantity(lost, unit.nanometer)

        def getTime(self):  # noqa: N802
            return state.getTime()

    with pytest.raises(UnstableError, match="finite") as stopped:
        reporter.report(simulation, Lost())
    assert stopped.value.atoms == (1,)
    assert not (tmp_path / "t.dcd").exists()
