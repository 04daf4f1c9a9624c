from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest

from openmm_mlff.students.training import last_rounds
from openmm_mlff.students.training.frames import LabelledFrame
from openmm_mlff.students.training.last_rounds import (
    OWN_PLANS,
    LastRounds,
    frames_of_last_rounds,
    frames_of_levelling,
    train_last_rounds,
)
from openmm_mlff.students.training.recipe import SIZES


def frames(origin, count, *, force_ev_per_angstrom=0.0):
    forces = np.array([[force_ev_per_angstrom, 0.0, 0.0]])
    return [
        LabelledFrame(origin, np.array([1]), np.full((1, 3), float(k)), 0.0, forces)
        for k in range(count)
    ]


TRAINING = [
    *frames("free/atom", 4),
    *frames("ethanol/thermal_300K", 60),
    *frames("ethanol/stretched", 30),
    *frames("CO/scan", 12),
    *frames("ethanol/torsion", 10),
]


def counts(chosen):
    return Counter(frame.origin for frame in chosen)


def test_torsions_are_trained_with_a_part_of_all_other_frames():
    chosen = frames_of_last_rounds(TRAINING)
    assert counts(chosen) == {
        "ethanol/torsion": 10,
        "free/atom": 4,
        "ethanol/thermal_300K": 10,
        "ethanol/stretched": 10,
        "CO/scan": 12,
    }
    thermal = [frame for frame in chosen if frame.kind == "thermal_300K"]
    assert [frame.positions_angstrom[0, 0] for frame in thermal] == list(range(10))
    assert frames_of_last_rounds(TRAINING[:-10]) == []


def test_levelling_weights_relaxed_torsions_and_omits_free_atoms():
    displaced = frames("water/torsion", 6, force_ev_per_angstrom=2.0)
    chosen = frames_of_levelling(frames_of_last_rounds([*TRAINING, *displaced]))
    assert counts(chosen) == {
        "ethanol/torsion": 20,
        "water/torsion": 3,
        "ethanol/thermal_300K": 4,
        "ethanol/stretched": 4,
        "CO/scan": 2,
    }


@pytest.mark.parametrize("name", list(SIZES))
def test_each_round_is_trained_as_recorded(name, monkeypatch):
    trained = []
    monkeypatch.setattr(
        last_rounds,
        "train_student",
        lambda _model, seen, plan, *, seed, on_epoch: trained.append((len(seen), plan, seed)),
    )
    chosen = frames_of_last_rounds(TRAINING)
    told = train_last_rounds(None, chosen, LastRounds(), name=name, seed=20)
    assert list(told) == ["torsion", "levelling", "polishing"]
    assert [seed for _, _, seed in trained] == [20, 21, 22]
    assert [count for count, _, _ in trained] == [46, 30, 46]
    for (count, plan, seed), kind in zip(trained, told, strict=True):
        own = OWN_PLANS.get(name, {}).get(kind, {})
        assert plan == replace(getattr(LastRounds(), kind), **own)
        assert told[kind] == asdict(plan) | {"seed": seed, "frames": count}
