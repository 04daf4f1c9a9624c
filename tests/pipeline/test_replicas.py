"""Replicas and temperatures of a student share one Context, and are judged as runs of their own."""

import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.pipeline import validate
from openmm_mlff.results import Status
from openmm_mlff.storage.run_directory import read_json

PROTOCOL = """
extends = "quick"
name = "replicas"
description = "Stability and drift of several short runs."
required = ["stability", "energy_drift"]
reported = ["speed"]

[dynamics]
temperatures_kelvin = [200.0, 300.0]
equilibration_ps = 0.02
duration_ps = 0.15
longest_ps = 0.15
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replicas")
    (folder / "p.toml").write_text(PROTOCOL)
    report = validate(
        "student:ultra-tiny",
        systems=["water"],
        protocol=str(folder / "p.toml"),
        reference="none",
        platform="Reference",
        output=folder / "run",
        replicas=2,
    )
    return folder / "run", report


def test_all_runs_of_one_timestep_were_one_batch(run):
    folder, _ = run
    records = [read_json(path) for path in sorted(folder.glob("water/nve_*/run.json"))]
    assert len(records) == 4
    assert {record["replicas"] for record in records} == {4}
    assert {record["replica"] for record in records} == {0, 1}
    assert {record["status"] for record in records} == {"complete"}


def test_each_temperature_is_judged_by_its_own_replicas(run):
    _, report = run
    stable = [check for check in report.checks if check.id == "stability"]
    assert [check.status for check in stable] == [Status.PASS, Status.PASS]
    assert {check.condition["temperature_kelvin"] for check in stable} == {200.0, 300.0}
    assert all("in each of 2 runs" in check.message for check in stable)


def test_a_step_takes_the_time_of_the_whole_batch(run):
    folder, report = run
    speed = next(check for check in report.checks if check.id == "speed")
    record = read_json(next(folder.glob("water/nve_*/run.json")))
    assert speed.value > 2.0 * min(record["ms_per_step_blocks"])


def test_fewer_than_one_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="replicas 0: expected a value"):
        validate("student:ultra-tiny", systems=["water"], replicas=0, output=tmp_path / "r")
