import numpy as np
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.storage.runs import (
    EnergySeries,
    Evidence,
    MomentumSeries,
    Run,
    RunCondition,
    RunFailure,
)

COLD, HOT = (RunCondition("nve", kelvin, 0.5) for kelvin in (100.0, 300.0))


def run_at(condition, *, replica=0, **changes):
    empty = np.empty(0)
    fields = {"requested_ps": 1.0, "completed_ps": 1.0} | changes
    return Run(
        name=f"{condition.temperature_kelvin:g}_{replica}",
        condition=condition,
        replica=replica,
        energies=EnergySeries(empty, empty, empty, empty, empty),
        momenta=MomentumSeries(empty, np.empty((0, 3)), np.empty((0, 3)), empty),
        **fields,
    )


def test_series_of_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match=r"unequal lengths \[0, 1\]"):
        EnergySeries(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(0), np.zeros(1))


def test_conditions_are_distinct_and_hold_their_replicas():
    runs = (run_at(HOT), run_at(COLD), run_at(HOT, replica=1))
    observations = Evidence(system=load_system("water"), runs=runs)
    assert observations.conditions() == (HOT, COLD)
    hot = observations.at(HOT)
    assert [run.name for run in hot.runs] == ["300_0", "300_1"]
    assert hot.condition == HOT


@pytest.mark.parametrize(
    ("changes", "survived"),
    [
        ({}, True),
        ({"completed_ps": 0.9}, False),
        # 0.9 fs in steps of 0.5 fs are two steps, 1.2 fs are two as well.
        ({"requested_ps": 0.0009, "completed_ps": 0.001}, True),
        ({"requested_ps": 0.0012, "completed_ps": 0.001}, True),
        ({"requested_ps": 0.0012, "completed_ps": 0.0005}, False),
        ({"failure": RunFailure("unstable", "torn", 1.0)}, False),
    ],
)
def test_a_run_survives_if_it_reaches_its_end(changes, survived):
    assert run_at(HOT, **changes).survived is survived
