import numpy as np
import pytest

from openmm_mlff.observations import Observations, ProbeObservations
from openmm_mlff.report.probe_data import done_probe, probe_columns


@pytest.fixture
def probe():
    arrays = {"a": np.array([1.0, np.inf, np.nan]), "b": np.zeros((3, 2))}
    return ProbeObservations("p", "done", arrays=arrays)


def test_only_a_probe_that_was_done_is_given(make_observations, probe):
    system = make_observations().system
    skipped = ProbeObservations("s", "skipped")
    observations = Observations(system, probes={"p": probe, "s": skipped})
    assert done_probe(observations, name="p") is probe
    assert done_probe(observations, name="s") is None
    assert done_probe(observations, name="absent") is None


def test_arrays_come_in_order_with_nan_for_what_is_infinite(probe):
    b, a = probe_columns(probe, shapes={"b": (3, None), "a": (None,)})
    assert b.shape == (3, 2)
    np.testing.assert_array_equal(a, [1.0, np.nan, np.nan])


@pytest.mark.parametrize("shapes", [{"c": (None,)}, {"a": (None, 3)}, {"a": (4,)}])
def test_what_is_missing_or_of_another_shape_is_not_drawn(probe, shapes):
    assert probe_columns(probe, shapes=shapes) is None
