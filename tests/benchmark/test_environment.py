import os

import pytest
import torch

from openmm_mlff.benchmark import environment
from openmm_mlff.benchmark.environment import describe_machine
from openmm_mlff.results import jsonable


def test_machine(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    found = describe_machine(platform="auto", precision="double")
    assert found["platform"] == "auto"
    assert found["precision"] == "double"
    assert found["torch_threads"] == torch.get_num_threads()
    assert found["cpu"]
    assert 1 <= found["usable_cores"] <= found["cores"]
    assert len(found["load_average_at_start"]) == 3
    assert found["thread_variables"]["OMP_NUM_THREADS"] == "1"
    assert "MKL_NUM_THREADS" not in found["thread_variables"]
    assert found["memory_mebibytes"] > 100
    assert {"openmm", "torch", "numpy", "ase"} <= set(found["versions"])
    assert jsonable(found) == found


def test_cores_where_affinity_is_unknown(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    found = environment.describe_machine(platform="auto", precision="mixed")
    assert found["usable_cores"] == pytest.approx(os.cpu_count())
