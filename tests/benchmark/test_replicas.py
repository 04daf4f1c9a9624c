"""What is measured of replicas: as many rows as counts, the first compared with itself."""

import pytest

from openmm_mlff.benchmark import replicas
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.platforms import named_platform


def test_each_count_is_compared_with_the_first(monkeypatch):
    monkeypatch.setattr(replicas, "BLOCK_SECONDS", 0.01)
    rows = replicas.measure_replicas(
        load_potential("student:ultra-tiny"),
        load_system("water"),
        counts=(1, 3),
        platform=named_platform("Reference"),
        rounds=2,
    )
    assert [row["replicas"] for row in rows] == [1, 3]
    assert rows[0]["gain"] == 1.0
    low, high = rows[1]["gain_interval"]
    assert 0.0 < low <= rows[1]["gain"] <= high
    assert rows[1]["ms_per_replica_step"] == pytest.approx(
        rows[0]["ms_per_replica_step"] / rows[1]["gain"], rel=1.0
    )
