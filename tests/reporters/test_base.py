import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.reporters import (
    ConservationReporter,
    EnergyReporter,
    MomentumReporter,
    TrajectoryReporter,
)

from .conftest import report


@pytest.mark.parametrize("interval", [0, -5, 2.5])
def test_an_impossible_interval_is_refused(tmp_path, interval):
    with pytest.raises(ConfigError, match=str(interval)):
        EnergyReporter(tmp_path / "e.csv", interval)


def test_reporters_of_one_step_share_one_state_and_request_what_they_need(
    oscillator, tmp_path, monkeypatch
):
    simulation = oscillator.simulation()
    simulation.reporters += [
        EnergyReporter(tmp_path / "e.csv", 10),
        MomentumReporter(tmp_path / "m.csv", 10),
        TrajectoryReporter(tmp_path / "t.dcd", 10),
    ]
    asked = []
    get_state = simulation.context.getState

    def counted(**what):
        asked.append({key for key, value in what.items() if value is True})
        return get_state(**what)

    monkeypatch.setattr(simulation.context, "getState", counted)
    simulation.step(20)
    assert len(asked) == 2
    assert asked[0] >= {"positions", "velocities", "forces", "energy"}
    described = simulation.reporters[0].describeNextReport(simulation)
    assert described == {"steps": 10, "periodic": False, "include": ["energy"]}


def test_an_unreferenced_reporter_closes_its_file(oscillator, tmp_path):
    # A file left open would be a ResourceWarning, and warnings are errors here.
    simulation = oscillator.simulation()
    report(simulation, EnergyReporter(tmp_path / "e.csv", 5), steps=5)
    simulation.reporters.clear()
    assert len((tmp_path / "e.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("kind", "stop"), [(EnergyReporter, 100), (ConservationReporter, 100), (MomentumReporter, 105)]
)
def test_a_resumed_table_equals_an_uninterrupted_one(resumed, tmp_path, kind, stop):
    whole, parts = tmp_path / "whole.csv", tmp_path / "parts.csv"
    resumed(lambda path, **options: kind(path, 10, **options), whole, parts, stop=stop)
    assert parts.read_bytes() == whole.read_bytes()
