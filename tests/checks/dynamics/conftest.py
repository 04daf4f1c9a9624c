"""Records of simulations."""

import numpy as np
import pytest

from openmm_mlff.storage.shared import ShortRuns


@pytest.fixture
def judge_blocks(judge_runs, make_run, water):
    """Judge replicas of which other fields are given."""

    def call(*measured, **rest):
        runs = [make_run(water, replica=k, **one) for k, one in enumerate(measured)]
        return judge_runs(*runs, **rest)

    return call


@pytest.fixture
def make_short_runs():
    """A record of short runs of water with these mean temperatures."""

    def make(temperatures_kelvin=(), **changes):
        count = len(temperatures_kelvin)
        fields = {"degrees_of_freedom": 3, "timestep_fs": 0.5, "failure_kelvin": 300.0}
        asked = changes.pop("asked_kelvin", np.full(count, 300.0))
        return ShortRuns(
            temperatures_kelvin=np.array(temperatures_kelvin, dtype=float),
            asked_kelvin=np.asarray(asked, dtype=float),
            positions_angstrom=np.zeros((count, 1, 3, 3)),
            frame_time_ps=np.array([0.5]),
            duration_ps=0.5,
            **(fields | changes),
        )

    return make
