"""What is measured of replicas: as many rows as counts, the first compared with itself."""

import pytest

from openmm_mlff.benchmark import replicas
from openmm_mlff.benchmark.replicas import measure_replicas, openmm_engine
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.platforms import named_platform


def linear(*, call_ms, replica_ms):
    """An engine whose time of a step is known."""
    return lambda count: lambda steps: call_ms + count * replica_ms


def test_gains_and_ratios_are_those_of_known_times():
    engines = {
        "batched": linear(call_ms=3.0, replica_ms=1.0),
        "one by one": linear(call_ms=0.0, replica_ms=4.0),
    }
    rows = {
        (row["engine"], row["replicas"]): row
        for row in measure_replicas(engines, counts=(1, 3), rounds=2)
    }
    assert rows["batched", 3]["ms_per_replica_step"] == pytest.approx(2.0)
    assert rows["batched", 3]["gain"] == pytest.approx(2.0)
    assert rows["one by one", 3]["gain"] == pytest.approx(1.0)
    assert rows["batched", 3]["faster_than"] == pytest.approx({"one by one": 2.0})
    assert rows["batched", 1]["faster_than"] == pytest.approx({"one by one": 1.0})


def test_replicas_are_stepped_in_one_context(monkeypatch):
    monkeypatch.setattr(replicas, "BLOCK_SECONDS", 0.01)
    engine = openmm_engine(
        load_potential("student:ultra-tiny"),
        load_system("water"),
        platform=named_platform("Reference"),
    )
    rows = measure_replicas({"torchforce": engine}, counts=(1, 3), rounds=2)
    assert [row["replicas"] for row in rows] == [1, 3]
    assert rows[0]["gain"] == 1.0
    low, high = rows[1]["gain_interval"]
    assert 0.0 < low <= rows[1]["gain"] <= high
    assert rows[0]["faster_than"] == {}
