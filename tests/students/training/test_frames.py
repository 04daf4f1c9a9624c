from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.errors import CheckpointError
from openmm_mlff.students.training.frames import (
    LabelledFrame,
    load_frames,
    save_frames,
    split_held_out,
)

from ..conftest import assert_same, random_frame


@pytest.mark.parametrize("periodic", [False, True])
def test_round_trip_and_file_are_reproducible(tmp_path, periodic):
    frames = [random_frame(n, n) for n in (3, 1, 5)]
    if periodic:
        labels = {"cell_angstrom": 4.0 * np.eye(3), "virial_ev": np.arange(9.0).reshape(3, 3)}
        frames[1:] = [replace(one, **labels) for one in frames[1:]]
    paths = [tmp_path / "new" / name for name in ("one.npz", "two.npz")]
    for path in paths:
        save_frames(frames, path)
    assert_same(load_frames(paths[0]), frames)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(paths[0].parent.iterdir()) == paths


def test_shapes_are_checked_and_the_largest_force_is_the_longest_vector():
    with pytest.raises(ValueError, match=r"forces_ev_per_angstrom of x has shape \(2, 3\)"):
        LabelledFrame("x", np.array([1, 1, 8]), np.zeros((3, 3)), 0.0, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="cell and virial of a/b have shapes"):
        replace(random_frame(origin="a/b"), cell_angstrom=np.eye(3))
    forces = np.array([[3.0, 4.0, 0.0], [4.9, 0.0, 0.0]])
    found = LabelledFrame("x", np.array([1, 1]), np.zeros((2, 3)), 0.0, forces)
    assert found.largest_force_ev_per_angstrom == pytest.approx(5.0)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04 and no more", "cut", "other arrays", None]
)
def test_a_damaged_or_missing_file_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "frames.npz"
    if content == "cut":
        save_frames([random_frame(50)], path)
        content = path.read_bytes()[:-200]
    if content == "other arrays":
        np.savez(path, something=np.ones(3))
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot read labelled frames") as caught:
        load_frames(path)
    assert "delete it to generate the data again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_end_of_each_trajectory_is_held_out_and_no_scan():
    groups = {"a/thermal": 20, "b/thermal": 15, "c/dimer": 9}
    frames = [
        random_frame(seed=index, origin=origin)
        for origin, count in groups.items()
        for index in range(count)
    ]
    # Trajectories may be interleaved; within each the order counts.
    mixed = [frames[index] for index in np.random.default_rng(0).permutation(len(frames))]
    of = {origin: [f for f in mixed if f.origin == origin] for origin in groups}
    training, held_out = split_held_out(mixed, fraction=0.1)
    assert len(training) + len(held_out) == len(frames)
    expected = [*of["a/thermal"][-2:], *of["b/thermal"][-1:]]
    assert {id(f) for f in held_out} == {id(f) for f in expected}
    scans = [random_frame(2, n, origin="H2/scan") for n in range(40)]
    atoms = [random_frame(1, n, origin="free/atom") for n in range(20)]
    training, held_out = split_held_out([*scans, *atoms], fraction=0.5)
    assert (len(training), held_out) == (60, [])
