from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.students.training.dataset import make_frames
from openmm_mlff.students.training.sampling import QUICK_PLAN

from ..conftest import assert_same

pytest.importorskip("tblite")

PLAN = replace(
    QUICK_PLAN, thermal=2, scan=3, torsion_step_degrees=180.0, conformers=0, steps_between=2
)


def make(seed: int = 5, workers: int = 1, **kwargs):
    return make_frames(("water",), (1, 8), PLAN, seed=seed, workers=workers, **kwargs)


@pytest.fixture(scope="module")
def frames():
    return make()


def test_every_kind_is_present(frames):
    assert Counter(frame.origin for frame in frames) == {
        "free/atom": 2,
        "water/thermal_300K": 2,
        "water/stretched": 2,
        "water/crowded": 1,
        "water+water/dimer": 1,
        "H2/scan": 2,
        "HO/scan": 2,
        "O2/scan": 2,
    }


def test_the_seed_and_not_the_number_of_workers_determines_the_frames(frames):
    told = []
    again = make(workers=2, on_progress=lambda done, total: told.append((done, total)))
    assert_same(frames, again)
    assert told == [(done, 10) for done in range(1, 11)]
    thermal = [
        next(frame for frame in group if frame.origin == "water/thermal_300K")
        for group in (frames, make(seed=6))
    ]
    assert np.abs(thermal[0].positions_angstrom - thermal[1].positions_angstrom).max() > 1e-3


def test_refinement_and_torsions_come_last_and_leave_the_others_unchanged():
    def with_ethanol(flexible):
        plan = replace(PLAN, flexible=flexible, flexible_temperatures_kelvin=(300.0,))
        frames = make_frames(("ethanol",), (1, 6, 8), plan, seed=5)
        kinds = [frame.kind for frame in frames]
        count = kinds.count("torsion")
        assert kinds[-count:] == ["torsion"] * count
        return frames[:-count]

    few, more = with_ethanol(1), with_ethanol(3)
    assert [frame.origin for frame in more[-3:]] == ["ethanol/refinement_300K"] * 3
    assert_same(few[:-1], more[:-3])
