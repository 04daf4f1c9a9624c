import json
from dataclasses import replace

import pytest

from openmm_mlff.benchmark.document import (
    Findings,
    benchmark_json,
    entry_row,
    scaling_with_atoms,
)
from openmm_mlff.benchmark.entries import (
    BenchmarkEntry,
    Ratio,
    ReplicaEntry,
    Skipped,
    Spread,
    Timing,
)
from openmm_mlff.storage.run_directory import read_json, write_json

TIMING = Timing(median=2.0, p25=1.5, p75=2.5, blocks=(1.0, 2.0, 3.0))
ENTRY = BenchmarkEntry(
    model="student:original",
    backend="torchforce",
    sha256="ab",
    n_parameters=427_000,
    system="water",
    n_atoms=3,
    platform="Reference",
    precision="mixed",
    torch_device="cpu",
    threads=2,
    steps_per_block={"openmm": 5, "ase": 4, "model": 6, "reporters": 40},
    openmm_ms_per_step=TIMING,
    reporters_ms_per_step=replace(TIMING, median=2.25),
    ase_ms_per_step=replace(TIMING, median=4.0),
    model_ms_per_call=replace(TIMING, median=1.75),
    model_call="TorchScript module",
    ns_per_day=21.6,
    peak_resident_mebibytes=600.0,
    baseline_resident_mebibytes=550.0,
    peak_device_mebibytes=None,
    first_call_s=0.5,
    speedup_over_original=Spread(median=1.0, p25=1.0, p75=1.0),
    ratios={"step_over_model": Ratio(median=1.1, low=1.0, high=1.2)},
    fastest=True,
)
REPLICAS = ReplicaEntry(
    model="student:original",
    backend="torchforce",
    system="water",
    n_atoms=3,
    platform="Reference",
    precision="mixed",
    threads=2,
    replicas=8,
    ms_per_step=TIMING,
    ms_per_replica_step=replace(TIMING, median=0.25),
    ns_per_day=172.8,
    gain=Ratio(median=8.0, low=7.0, high=9.0),
)
FINDINGS = Findings(
    entries=[ENTRY, replace(ENTRY, system="benzene", n_atoms=12)],
    replicas=[REPLICAS],
    skipped=[Skipped("a.pt", "python-compiled", "box", "pairs change")],
)


def test_schema():
    found = benchmark_json(FINDINGS, environment={"cpu": "x"}, method={"rounds": 3})
    parts = {"rows", "entries", "replicas", "scaling", "skipped"}
    assert set(found) == {"schema_version", "environment", "method", *parts}
    assert found["schema_version"] == 1
    entry = found["entries"][0]
    times = {"median": 2.0, "p25": 1.5, "p75": 2.5, "blocks": [1.0, 2.0, 3.0]}
    assert entry["openmm_ms_per_step"] == times
    assert entry["ratios"] == {"step_over_model": {"median": 1.1, "low": 1.0, "high": 1.2}}
    assert found["skipped"][0]["reason"] == "pairs change"
    # The same time on three atoms as on twelve.
    assert found["scaling"][0]["exponent"] == pytest.approx(0.0, abs=1e-12)


def test_a_row_is_the_entry_in_short():
    assert entry_row(ENTRY) == {
        "potential": "student:original",
        "system": "water",
        "n_atoms": 3,
        "backend": "torchforce",
        "platform": "Reference",
        "precision": "mixed",
        "replicas": 1,
        "threads": 2,
        "ms_per_step": 2.0,
        "ms_per_step_interval": [1.0, 3.0],
        "ms_model": 1.75,
        "ms_ase": 4.0,
        "ms_per_step_with_reporters": 2.25,
        "ns_per_day": 21.6,
        "first_call_s": 0.5,
        "peak_rss_mb": pytest.approx(629.1456),
        "peak_device_mb": None,
    }
    on_device = replace(ENTRY, peak_device_mebibytes=100.0)
    assert entry_row(on_device)["peak_device_mb"] == pytest.approx(104.8576)


def test_a_row_of_replicas_has_the_same_keys():
    (row,) = benchmark_json(FINDINGS, environment={}, method={})["rows"][2:]
    assert set(row) == {*entry_row(ENTRY), "ms_per_replica_step"}
    assert (row["replicas"], row["ms_per_step"], row["ms_per_replica_step"]) == (8, 2.0, 0.25)
    assert row["ns_per_day"] == 172.8
    assert row["ms_model"] is row["peak_rss_mb"] is None


def test_json_survives_the_file(tmp_path):
    found = benchmark_json(FINDINGS, environment={}, method={})
    write_json(tmp_path / "benchmark.json", found)
    assert read_json(tmp_path / "benchmark.json") == found == json.loads(json.dumps(found))


def test_findings_are_added_up():
    findings = Findings()
    assert benchmark_json(findings, environment={}, method={})["rows"] == []
    findings.add(FINDINGS)
    findings.add(FINDINGS)
    assert [len(part) for part in vars(findings).values()] == [4, 2, 2]


def measured(model, n_atoms, median):
    timing = Timing(median, median, median, (median,))
    return replace(ENTRY, model=model, n_atoms=n_atoms, openmm_ms_per_step=timing)


def test_the_exponent_of_a_power_law():
    (found,) = scaling_with_atoms([measured("a", n, 2.0 * n**1.5) for n in (3, 6, 24)])
    assert found["exponent"] == pytest.approx(1.5)


def test_each_model_is_fitted_on_its_own_in_order_of_size():
    points = [("a", 12, 8.0), ("b", 12, 1.0), ("a", 3, 2.0), ("b", 3, 1.0), ("c", 3, 1.0)]
    found = scaling_with_atoms([measured(*point) for point in points])
    # One size has no exponent.
    assert [one["model"] for one in found] == ["a", "b"]
    assert (found[0]["n_atoms"], found[0]["ms_per_step"]) == ((3, 12), (2.0, 8.0))
    assert [one["exponent"] for one in found] == pytest.approx([1.0, 0.0])
