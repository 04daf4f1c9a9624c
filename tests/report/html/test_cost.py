from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.report.html.cost import cost_rows
from openmm_mlff.storage.measurements import Measurement

from ..conftest import with_run


@pytest.mark.parametrize("replicas", [1, 4])
def test_each_measurement_and_simulation_has_its_cost_the_longest_first(
    make_observations, replicas
):
    evidence = make_observations()
    measured = Measurement("noise", "done", cost={"seconds": 0.5, "evaluations": 59})
    evidence = replace(evidence, measurements={**evidence.measurements, "noise": measured})
    ms = replicas * np.array([1.0, 3.0])
    evidence = with_run(evidence, ms_per_step_blocks=ms, replicas=replicas)
    run, noise = cost_rows({"water": evidence})
    assert (noise.system, noise.name) == ("water", "noise")
    assert (noise.evaluations, noise.seconds) == (59, 0.5)
    # 1 ps in steps of 0.5 fs, 2 ms for each replica.
    assert (run.name, run.evaluations) == (evidence.runs[0].name, 2000)
    assert run.seconds == pytest.approx(4.0)
