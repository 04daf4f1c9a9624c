from dataclasses import replace

import numpy as np
import pytest
import torch

from openmm_mlff.benchmark import candidates, one_system, runner
from openmm_mlff.benchmark.candidates import Candidate
from openmm_mlff.benchmark.memory import MemoryUse
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.rounds import Participant
from openmm_mlff.benchmark.runner import describe_machine, run_benchmark
from openmm_mlff.errors import CheckpointError, ConfigError, PotentialError, SimulationError
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation import PlatformChoice
from openmm_mlff.storage.files import jsonable

PLAN = BenchmarkPlan(blocks=2, block_seconds=0.01, fewest_steps=2, most_steps=4, memory_steps=2)
KINDS = ("openmm", "reporters", "model", "ase")
TIMES = {
    "openmm": "openmm_ms_per_step",
    "reporters": "reporters_ms_per_step",
    "ase": "ase_ms_per_step",
    "model": "model_ms_per_call",
}
EMT = "ase:ase.calculators.emt:EMT"
ONE = {"backends": ("torchforce",)}


def refuse(*_, **__):
    raise AssertionError("nothing must be measured")


@pytest.fixture(scope="module")
def found(water_benchmark):
    """What a real benchmark found."""
    return water_benchmark[0]


def median_of(values):
    return pytest.approx(np.median(values), rel=1e-4)


def test_a_real_benchmark_measures_every_model_by_every_backend(found, specs, short_plan):
    keys = [(entry["model"], entry["backend"]) for entry in found["entries"]]
    assert keys == [(spec, one) for spec in specs for one in ("torchforce", "python")]
    for entry in found["entries"]:
        assert (entry["system"], entry["n_atoms"]) == ("water", 3)
        assert (entry["platform"], entry["precision"]) == ("Reference", "mixed")
        assert entry["threads"] == 1
        for kind, key in TIMES.items():
            times = entry[key]
            assert len(times["blocks"]) == short_plan.blocks
            assert 0.0 < times["p25"] <= times["median"] <= times["p75"]
            assert times["median"] == median_of(times["blocks"])
            if kind in ("openmm", "model"):
                assert 2 <= entry["steps_per_block"][kind] <= 8
        assert entry["peak_resident_mebibytes"] > entry["baseline_resident_mebibytes"] > 100.0
        assert entry["peak_device_mebibytes"] is None
        assert entry["first_call_s"] > 0.0
        step_ms = entry["openmm_ms_per_step"]["median"]
        assert entry["ns_per_day"] == pytest.approx(0.5e-6 * 86_400_000.0 / step_ms)
    for one, other in (found["entries"][:2], found["entries"][2:]):
        # What does not depend on the backend is measured once.
        assert one["ase_ms_per_step"] == other["ase_ms_per_step"]
        assert one["openmm_ms_per_step"] != other["openmm_ms_per_step"]
        assert [one["fastest"], other["fastest"]].count(True) == 1


def test_it_compares_with_the_first_model(found):
    reference, fast = found["entries"][1], found["entries"][3]
    assert reference["n_parameters"] > fast["n_parameters"]
    assert reference["speedup_over_original"] == {"median": 1.0, "p25": 1.0, "p75": 1.0}
    slow, quick = (np.array(one["openmm_ms_per_step"]["blocks"]) for one in (reference, fast))
    assert fast["speedup_over_original"]["median"] == median_of(slow / quick)
    assert set(found["entries"][0]["ratios"]) == {"step_over_model", "reporters_over_model"}


def test_it_steps_replicas_together(found, specs):
    keys = [(one["model"], one["backend"], one["replicas"]) for one in found["replicas"]]
    assert keys == [(spec, one, 4) for spec in specs for one in ("torchforce", "python")]
    rows = found["rows"][len(found["entries"]) :]
    for one, entry, row in zip(found["replicas"], found["entries"], rows, strict=True):
        together = np.array(one["ms_per_step"]["blocks"])
        each = np.array(one["ms_per_replica_step"]["blocks"])
        assert each == pytest.approx(together / 4, rel=1e-4)
        gains = np.array(entry["openmm_ms_per_step"]["blocks"]) / each
        assert one["gain"]["median"] == median_of(gains)
        assert (row["replicas"], row["ms_model"]) == (4, None)
        assert set(found["rows"][0]) <= set(row)
        assert row["ns_per_day"] == pytest.approx(0.5e-6 * 86_400_000.0 / np.median(each))


def test_it_records_how_and_where_and_reports_progress(water_benchmark, specs):
    found, progress, snapshots = water_benchmark
    method, environment = found["method"], found["environment"]
    assert method["models"] == list(specs)
    assert method["backends"] == {spec: ["torchforce", "python"] for spec in specs}
    assert (method["systems"], method["reference_model"]) == (["water"], specs[0])
    assert (method["rounds"], method["seed"], method["timestep_fs"]) == (3, 5, 0.5)
    assert "energies every 10 and frames every 8 steps" in method["reporters"]
    assert (environment["platform"], environment["torch_threads"]) == ("Reference", 1)
    assert found["schema_version"] == 1
    assert found == jsonable(found)
    total = 2 * len(specs) + 3
    assert [done for done, _, _ in progress] == list(range(total + 1))
    assert {of for _, of, _ in progress} == {total}
    assert progress[0][2] == "starting"
    assert snapshots == [found]


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"specs": []}, ConfigError, "potential"),
        ({"systems": ["water", "hcl.xyz"]}, PotentialError, "Cl"),
        ({"reference_model": "missing.pt"}, CheckpointError, "missing.pt"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(
    specs, monkeypatch, tmp_path, changes, error, said
):
    (tmp_path / "hcl.xyz").write_text("2\n\nCl 0.0 0.0 0.0\nH 0.0 0.0 1.27\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "measure_system", refuse)
    asked = {"specs": list(specs), "systems": ["water"]} | changes
    with pytest.raises(error, match=said):
        run_benchmark(asked.pop("specs"), asked.pop("systems"), plan=PLAN, **asked)


@pytest.fixture
def prepared(monkeypatch, specs):
    """Leave out all that takes time.

    A step of the first model takes 4 ms, of others 1 ms; by the plain export three times that.
    Gives the (model, backend, kind) of each block that is run, and the threads of torch meanwhile.
    """
    turns, threads = [], set()

    def prepare(variant, system, setting, start, *, folder, with_ase):
        spec, backend = variant.potential.spec, variant.backend
        threads.add(torch.get_num_threads())
        ms_per_step = (4.0 if spec == specs[0] else 1.0) * (3.0 if "plain" in backend else 1.0)

        def block(kind):
            def run(steps):
                turns.append((spec, backend, kind))
                return 0.001 * ms_per_step * steps

            return run

        kinds = [kind for kind in KINDS if kind != "ase" or with_ase]
        blocks = {kind: block(kind) for kind in kinds}
        return Candidate(
            variant=variant,
            model_call="nothing",
            memory=MemoryUse(500.0, 600.0, None, 0.5),
            participant=Participant(spec, blocks, dict.fromkeys(kinds, 3)),
        )

    monkeypatch.setattr(one_system, "prepare_candidate", prepare)
    monkeypatch.setattr(
        one_system, "choose_common_platform", lambda *_, **__: PlatformChoice("Reference")
    )
    return turns, threads


def test_entries_follow_from_the_blocks(specs, prepared):
    found = run_benchmark(specs, ["water", "methane"], plan=PLAN, **ONE)
    keys = [(entry["system"], entry["model"]) for entry in found["entries"]]
    assert keys == [(system, spec) for system in ("water", "methane") for spec in specs]
    slow, fast = found["entries"][:2]
    assert slow["openmm_ms_per_step"]["blocks"] == [4.0, 4.0]
    assert fast["ase_ms_per_step"]["median"] == fast["model_ms_per_call"]["median"] == 1.0
    assert fast["ns_per_day"] == pytest.approx(43.2)
    assert fast["speedup_over_original"] == {"median": 4.0, "p25": 4.0, "p75": 4.0}
    assert fast["first_call_s"] == 0.5
    assert [one["exponent"] for one in found["scaling"]] == pytest.approx([0.0, 0.0])
    assert [row["potential"] for row in found["rows"]] == [*specs, *specs]


def test_backends_are_compared_with_the_plain_export(specs, prepared):
    backends = ("torchforce", "torchforce-plain")
    found = run_benchmark(specs, ["water"], plan=PLAN, backends=backends)
    quick, plain = found["entries"][2:]
    assert quick["ratios"]["plain_over_step"] == {"median": 3.0, "low": 3.0, "high": 3.0}
    assert plain["ratios"]["plain_over_step"]["median"] == 1.0
    assert (quick["fastest"], plain["fastest"]) == (True, False)
    # Each backend is compared with the same backend of the reference.
    assert plain["speedup_over_original"]["median"] == 4.0


def test_every_platform_is_measured(specs, prepared):
    found = run_benchmark(specs, ["water"], platforms=("CPU", "Reference"), plan=PLAN, **ONE)
    assert len(found["entries"]) == 2 * len(specs)


def test_models_take_turns(specs, prepared):
    run_benchmark(specs, ["water"], plan=PLAN, **ONE)
    turns, _ = prepared
    large, small = specs
    assert [(spec, kind) for spec, _, kind in turns] == [
        *((spec, kind) for kind in KINDS for spec in (large, small)),
        *((spec, kind) for kind in reversed(KINDS) for spec in (small, large)),
    ]


def test_reference_model_that_is_not_the_first(specs, prepared):
    found = run_benchmark([specs[0]], ["water"], plan=PLAN, reference_model=specs[1], **ONE)
    assert [entry["model"] for entry in found["entries"]] == [specs[1], specs[0]]
    speedups = [entry["speedup_over_original"]["median"] for entry in found["entries"]]
    assert speedups == [1.0, 0.25]


def test_threads_are_set_recorded_and_put_back(specs, prepared):
    before = torch.get_num_threads()
    found = run_benchmark(specs, ["water"], plan=replace(PLAN, threads=before + 1), **ONE)
    assert prepared[1] == {before + 1}
    assert {row["threads"] for row in found["rows"]} == {before + 1}
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("broken", ["prepare_candidate", "run_rounds"])
def test_a_crash_keeps_what_was_measured_and_puts_threads_back(
    specs, prepared, monkeypatch, broken
):
    real, kept = getattr(one_system, broken), []
    before = torch.get_num_threads()

    def fails_on_the_second_system(*arguments, **options):
        if len(kept) == 1:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(one_system, broken, fails_on_the_second_system)
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(specs, ["water", "methane"], plan=PLAN, on_system=kept.append, **ONE)
    (benchmark,) = kept
    assert benchmark["method"]["systems"] == ["water", "methane"]
    assert {entry["system"] for entry in benchmark["entries"]} == {"water"}
    assert torch.get_num_threads() == before


def test_a_model_that_fails_is_named(specs, prepared, monkeypatch):
    def fails(*_, **__):
        raise UnstableError("atoms are lost", time_ps=0.0, step=0)

    monkeypatch.setattr(one_system, "prepare_candidate", fails)
    with pytest.raises(SimulationError, match=r"large\.safetensors: atoms are lost"):
        run_benchmark(specs, ["water"], plan=PLAN, **ONE)


def test_a_backend_that_cannot_be_compiled_is_left_out(specs, prepared, monkeypatch):
    real = one_system.prepare_candidate

    def prepare(variant, *arguments, **options):
        if variant.backend == "python":
            raise PotentialError("no compiler here")
        return real(variant, *arguments, **options)

    monkeypatch.setattr(one_system, "prepare_candidate", prepare)
    found = run_benchmark(specs, ["water"], backends=("python", "torchforce"), plan=PLAN)
    assert {entry["backend"] for entry in found["entries"]} == {"torchforce"}
    assert [one["reason"] for one in found["skipped"]] == ["no compiler here"] * 2
    with pytest.raises(PotentialError, match="no compiler here"):
        run_benchmark(specs, ["water"], backends=("python",), plan=PLAN)


def test_a_calculator_has_one_backend_and_no_replicas(monkeypatch):
    use = MemoryUse(500.0, 600.0, None, 0.5)
    monkeypatch.setattr(candidates, "measure_memory", lambda *_, **__: use)
    plan = replace(PLAN, replicas=(2,))
    found = run_benchmark([EMT], ["water"], platforms=("Reference",), plan=plan)
    (entry,) = found["entries"]
    assert (entry["backend"], entry["model_call"]) == ("native", "ASE calculator")
    assert entry["n_parameters"] is None
    assert entry["peak_resident_mebibytes"] == 600.0
    assert found["replicas"] == []
    assert [(one["model"], one["backend"]) for one in found["skipped"]] == [(EMT, "native")]


def test_machine(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    found = describe_machine(platform="auto", precision="double")
    assert (found["platform"], found["precision"]) == ("auto", "double")
    assert found["torch_threads"] == torch.get_num_threads()
    assert 1 <= found["usable_cores"] <= found["cores"]
    assert len(found["load_average_at_start"]) == 3
    assert found["thread_variables"]["OMP_NUM_THREADS"] == "1"
    assert "MKL_NUM_THREADS" not in found["thread_variables"]
    assert {"openmm", "torch", "numpy", "ase"} <= set(found["versions"])
    assert jsonable(found) == found


@pytest.mark.gpu
def test_benchmark_on_cuda(specs):
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    found = run_benchmark(specs, ["water"], platforms=("CUDA",), plan=PLAN, **ONE)
    for entry in found["entries"]:
        assert (entry["platform"], entry["torch_device"]) == ("CUDA", "cuda")
        assert entry["peak_device_mebibytes"] > 10.0
