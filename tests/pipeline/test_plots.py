"""The plots of a user's own check, from its stored record to the report's figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openmm_mlff.checks.base import no_plots
from openmm_mlff.checks.plugins import with_plugins
from openmm_mlff.checks.registry import checks_of, get_check
from openmm_mlff.config import load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline import judge
from openmm_mlff.pipeline.judge import check_plots
from openmm_mlff.storage.measurements import MeasurementStore, Skipped
from openmm_mlff.storage.runs import Evidence

OWN = Path(__file__).parents[2] / "examples" / "own_check.py"
BENDS = np.linspace(-20.0, 20.0, 9)


@pytest.fixture
def protocol():
    return with_plugins(load_protocol("quick"), [str(OWN)])


@pytest.fixture
def check(protocol):
    return get_check("angle_stiffness", checks_of(protocol))


@pytest.fixture
def evidence(check, tmp_path):
    def make(value):
        stored = MeasurementStore(tmp_path).write("angle_stiffness", value)
        return Evidence(load_system("water"), measurements={stored.name: stored})

    record = check.record(
        names=("H2–O1–H3",), bends_degrees=BENDS, energies_ev=1e-3 * BENDS[None] ** 2
    )
    return lambda value=record: make(value)


def test_the_plots_of_the_example_are_gathered_with_its_limit(evidence, protocol):
    (found,) = check_plots({"water": evidence()}, protocol)
    assert (found.check_id, found.system, found.condition) == ("angle_stiffness", "water", None)
    assert found.plot.name == "plot_angle_stiffness_1"
    line, limit = found.plot.panels[0].marks
    assert line.name == "H2–O1–H3"
    np.testing.assert_array_equal(line.x, BENDS)
    np.testing.assert_array_equal(line.y, 1e-3 * BENDS**2)
    assert limit.value == protocol.criteria["angle_stiffness"]["cost"].value


def test_what_was_not_measured_has_no_plots(evidence, protocol):
    assert check_plots({"water": evidence(Skipped("no simulation"))}, protocol) == []
    assert check_plots({"water": Evidence(load_system("water"))}, protocol) == []


def test_plots_that_fail_are_named_in_the_evidence_and_change_no_status(
    evidence, check, protocol, monkeypatch
):
    def broken(record, limits):
        raise ValueError("no series")

    def results(plots):
        asked = [(replace(check, plots=plots), True)]
        monkeypatch.setattr(judge, "select", lambda protocol: asked)
        return judge._judge_system(evidence(), protocol, problem="")

    (sound,), (failed,) = results(no_plots), results(broken)
    assert failed.status is sound.status
    assert failed.evidence == {**sound.evidence, "plots_failed": "ValueError: no series"}
