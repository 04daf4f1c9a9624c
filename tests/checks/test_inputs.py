import numpy as np
import pytest

from openmm_mlff.checks import inputs
from openmm_mlff.checks.dynamics.energy_drift import SPEC
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.observations import Observations, ProbeObservations, RunFailure
from openmm_mlff.records import Status

FORCES = ProbeObservations("p", "done", data={"dtype": "float32"}, arrays={"f": np.ones((4, 3, 3))})


def test_probes_that_say_nothing_are_skipped_and_broken_ones_are_errors(water):
    def found(**probes):
        return inputs.find_probe(SPEC, Observations(system=water, probes=probes), name="p")

    assert found(p=FORCES) is FORCES
    assert found().status is Status.SKIPPED
    skipped = found(p=ProbeObservations("p", "skipped", reason="the file fixes it."))
    assert skipped.status is Status.SKIPPED
    assert skipped.message == "Not judged on water: the file fixes it."
    broken = found(p=ProbeObservations("p", "error", reason="it fell", traceback="line 7"))
    assert broken.status is Status.ERROR
    assert broken.evidence["traceback"] == "line 7"
    assert found(p=ProbeObservations("p", "half-done")).status is Status.ERROR


@pytest.mark.parametrize("shape", [(4, 3, 3), (None, None, 3)])
def test_arrays_of_the_right_shape_are_given(shape):
    assert inputs.probe_array(FORCES, name="f", shape=shape).dtype == float


@pytest.mark.parametrize("shape", [(5, 3, 3), (None, 3), (None, None, None, 3)])
def test_arrays_of_another_shape_are_refused(shape):
    with pytest.raises(RunDirectoryError, match=r"has shape \(4, 3, 3\), expected"):
        inputs.probe_array(FORCES, name="f", shape=shape)


def test_empty_and_missing_arrays_are_refused():
    empty = ProbeObservations("p", "done", arrays={"f": np.ones((0, 3))})
    with pytest.raises(RunDirectoryError, match="expected"):
        inputs.probe_array(empty, name="f", shape=(None, 3))
    with pytest.raises(RunDirectoryError, match="no array 'g'"):
        inputs.probe_array(FORCES, name="g", shape=(None, 3))


def test_an_unknown_precision_is_refused(criteria):
    limits = criteria("export_parity")
    with pytest.raises(RunDirectoryError, match="float16"):
        inputs.by_dtype(
            SPEC,
            limits,
            probe=ProbeObservations("p", "done", data={"dtype": "float16"}),
            quantity="forces",
        )


def test_largest_is_nan_where_anything_is():
    assert inputs.largest(np.array([1.0, -3.0])) == 3.0
    assert inputs.largest_norm(np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 1.0]])) == 5.0
    assert np.isnan(inputs.largest(np.array([1.0, np.nan])))
    assert np.isnan(inputs.largest_norm(np.array([[np.inf, 0.0, 0.0]])))


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, None),
        ({"failure": RunFailure("unstable", "torn", 3.0), "completed_ps": 3.0}, None),
        ({"failure": RunFailure("error", "fell", 3.0, traceback="line 7")}, Status.ERROR),
        ({"completed_ps": 9.0}, Status.INCONCLUSIVE),
    ],
)
def test_runs_are_judged_only_where_they_came_to_an_end(
    water, make_run, at_condition, change, status
):
    observations = at_condition(water, make_run(water), make_run(water, replica=1, **change))
    result = inputs.unusable_runs(SPEC, observations)
    assert (result and result.status) == status
    if status is Status.ERROR:
        assert result.evidence["traceback"] == "line 7"


def test_no_run_and_a_thermostat_are_skipped(water, make_run):
    assert inputs.unusable_runs(SPEC, Observations(system=water)).status is Status.SKIPPED
    run = make_run(water)
    nvt = type(run.condition)("nvt", 300.0, 0.5)
    observations = Observations(system=water, runs=(make_run(water, condition=nvt),))
    assert inputs.unusable_runs(SPEC, observations).status is Status.SKIPPED


def test_reaching_the_end_allows_for_the_interval():
    time_ps = np.arange(1, 11) * 0.1
    assert inputs.reaches(time_ps, end_ps=1.05)
    assert not inputs.reaches(time_ps, end_ps=1.2)
    assert not inputs.reaches(np.empty(0), end_ps=1.0)
    assert inputs.reaches(np.array([1.0]), end_ps=1.0)


def test_finite_rows_stop_at_the_first_that_is_not():
    column = np.array([1.0, 2.0, np.nan, 4.0])
    table = np.array([[0.0, 0.0], [0.0, np.inf], [0.0, 0.0], [0.0, 0.0]])
    assert inputs.finite_rows(column) == 2
    assert inputs.finite_rows(column, table) == 1
    assert inputs.finite_rows(np.ones(3)) == 3
    assert inputs.finite_rows(np.empty(0)) == 0
