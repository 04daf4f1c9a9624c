from collections import Counter

import numpy as np

from openmm_mlff.students.training.frames import LabelledFrame
from openmm_mlff.students.training.last_rounds import (
    frames_of_last_rounds,
    frames_of_levelling,
)


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
