import json

from openmm_mlff.benchmark.entries import BenchmarkEntry, Spread, Timing, benchmark_json
from openmm_mlff.rundir import read_json, write_json

TIMING = Timing(median=2.0, p25=1.5, p75=2.5, blocks=(1.0, 2.0, 3.0))
ENTRY = BenchmarkEntry(
    model="student:original",
    sha256="ab",
    n_parameters=427_000,
    system="water",
    n_atoms=3,
    platform="Reference",
    precision="mixed",
    torch_device="cpu",
    steps_per_block={"openmm": 5, "ase": 4, "model": 6},
    openmm_ms_per_step=TIMING,
    ase_ms_per_step=TIMING,
    model_ms_per_call=TIMING,
    model_call="TorchScript module",
    ns_per_day=21.6,
    peak_resident_mebibytes=600.0,
    baseline_resident_mebibytes=550.0,
    peak_device_mebibytes=None,
    speedup_over_original=Spread(median=1.0, p25=1.0, p75=1.0),
)


def test_schema():
    found = benchmark_json([ENTRY], environment={"cpu": "x"}, method={"rounds": 3})
    assert set(found) == {"schema_version", "environment", "method", "entries"}
    assert found["schema_version"] == 1
    (entry,) = found["entries"]
    assert entry["n_parameters"] == 427_000
    assert entry["openmm_ms_per_step"] == {
        "median": 2.0,
        "p25": 1.5,
        "p75": 2.5,
        "blocks": [1.0, 2.0, 3.0],
    }
    assert entry["speedup_over_original"] == {"median": 1.0, "p25": 1.0, "p75": 1.0}
    assert entry["peak_device_mebibytes"] is None


def test_json_survives_the_file(tmp_path):
    found = benchmark_json([ENTRY], environment={}, method={})
    write_json(tmp_path / "benchmark.json", found)
    assert read_json(tmp_path / "benchmark.json") == found == json.loads(json.dumps(found))


def test_nothing_measured_yet():
    assert benchmark_json([], environment={}, method={})["entries"] == []
