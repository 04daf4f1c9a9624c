from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.students.training import dataset
from openmm_mlff.students.training.dataset import make_frames
from openmm_mlff.students.training.sampling import SamplingPlan

pytest.importorskip("tblite")

PLAN = SamplingPlan(
    thermal=2,
    stretched=2,
    crowded=1,
    dimers=1,
    scan=3,
    torsion_step_degrees=180.0,
    conformers=0,
    temperatures_kelvin=(300.0,),
    steps_between=2,
)


# Water has no bond that turns.
TURNED = replace(PLAN, torsion_step_degrees=120.0)


def make(seed: int = 5, workers: int = 1, **kwargs):
    return make_frames(("water",), (1, 8), PLAN, seed=seed, workers=workers, **kwargs)


@pytest.fixture(scope="module")
def frames():
    return make()


def assert_same(left, right):
    assert [frame.origin for frame in left] == [frame.origin for frame in right]
    for one, two in zip(left, right, strict=True):
        np.testing.assert_array_equal(one.positions_angstrom, two.positions_angstrom)
        np.testing.assert_array_equal(one.forces_ev_per_angstrom, two.forces_ev_per_angstrom)
        assert one.energy_ev == two.energy_ev


def test_every_kind_is_there(frames):
    counts = Counter(frame.origin for frame in frames)

    assert set(counts) == {
        "free/atom",
        "water/thermal_300K",
        "water/stretched",
        "water/crowded",
        "water+water/dimer",
        "H2/scan",
        "HO/scan",
        "O2/scan",
    }
    assert counts["free/atom"] == 2
    assert counts["water/thermal_300K"] == 2


def test_the_same_seed_gives_the_same_frames_and_progress_is_told(frames):
    told = []

    again = make(on_progress=lambda done, total: told.append((done, total)))

    assert_same(frames, again)
    assert told == [(done, 10) for done in range(1, 11)]


def test_another_seed_gives_other_frames(frames):
    other = make(seed=6)

    thermal = [
        next(f for f in group if f.origin == "water/thermal_300K") for group in (frames, other)
    ]
    assert np.abs(thermal[0].positions_angstrom - thermal[1].positions_angstrom).max() > 1e-3


def test_the_number_of_workers_changes_nothing(frames):
    assert_same(frames, make(workers=2))


def test_turned_bonds_come_last():
    frames = make_frames(("methanol",), (1, 6, 8), TURNED, seed=5)
    kinds = [frame.kind for frame in frames]

    assert kinds.count("torsion") == kinds[-18:].count("torsion") == 18


def test_the_jobs_of_turned_bonds_leave_the_seeds_of_the_others_as_they_were():
    molecules, elements = ("methanol", "ethanol", "alanine"), (1, 6, 7, 8)

    jobs = dataset._jobs(molecules, elements, PLAN, seed=5)
    older = [job for job in jobs if job.kind not in ("torsion", "conformer")]

    assert [job.subjects for job in jobs[len(older) :]] == [(name,) for name in 2 * molecules]
    seeds = np.random.SeedSequence(5).generate_state(len(older))
    assert [job.seed for job in older] == seeds.tolist()


def test_frames_for_refinement_come_after_the_others_and_leave_the_others_as_they_were():
    def with_ethanol(flexible):
        plan = replace(PLAN, flexible=flexible, flexible_temperatures_kelvin=(300.0,))
        frames = make_frames(("ethanol",), (1, 6, 8), plan, seed=5)
        return [frame for frame in frames if frame.kind != "torsion"]

    few, more = with_ethanol(1), with_ethanol(3)

    assert [frame.origin for frame in more[-3:]] == ["ethanol/refinement_300K"] * 3
    assert_same(few[:-1], more[:-3])
