"""What a validation cost, as rows and in the terminal."""

from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from openmm_mlff.report.costs import cost_rows, render_costs
from openmm_mlff.storage.measurements import Measurement

from .conftest import with_run


@pytest.fixture
def costs(make_observations):
    """A function that returns the costs of a run of so many replicas and of one measurement."""

    def of(replicas=1):
        evidence = make_observations()
        measured = Measurement("noise", "done", cost={"seconds": 0.5, "evaluations": 59})
        evidence = replace(evidence, measurements={**evidence.measurements, "noise": measured})
        ms = replicas * np.array([1.0, 3.0])
        evidence = with_run(evidence, ms_per_step_blocks=ms, replicas=replicas)
        return cost_rows({"water": evidence}), evidence.runs[0].name

    return of


def printed(rows):
    """Return what the terminal shows."""
    console = Console(width=200)
    with console.capture() as captured:
        render_costs(rows, console=console)
    return captured.get()


@pytest.mark.parametrize("replicas", [1, 4])
def test_each_measurement_and_simulation_has_its_cost_the_longest_first(costs, replicas):
    (run, noise), name = costs(replicas)
    assert (noise.system, noise.name) == ("water", "noise")
    assert (noise.evaluations, noise.seconds, noise.is_production) == (59, 0.5, False)
    # 1 ps in steps of 0.5 fs, 2 ms for each replica.
    assert (run.name, run.evaluations, run.is_production) == (name, 2000, True)
    assert run.seconds == pytest.approx(4.0)


def test_the_terminal_shows_shares_and_the_whole_over_the_production_runs(costs):
    text = printed(costs()[0])
    assert "water: noise" in text
    assert "89 %" in text
    assert "11 %" in text
    assert "2,059 evaluations in 4.5 s" in text
    assert "1.03 times the steps of the production runs and 1.12 times their wall time" in text


def test_a_run_without_production_has_no_ratios(costs):
    text = printed([one for one in costs()[0] if not one.is_production])
    assert "59 evaluations in 0.5 s." in text
    assert "production" not in text
