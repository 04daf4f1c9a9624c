from dataclasses import replace

import numpy as np
import pytest
import torch

from openmm_mlff.benchmark import candidates, runner
from openmm_mlff.benchmark.candidates import Candidate
from openmm_mlff.benchmark.memory import MemoryUse
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.runner import run_benchmark
from openmm_mlff.benchmark.schedule import KINDS
from openmm_mlff.errors import (
    CheckpointError,
    ConfigError,
    MoleculeError,
    PlatformError,
    PotentialError,
    SimulationError,
)
from openmm_mlff.records import jsonable
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation import PlatformChoice

PLAN = BenchmarkPlan(blocks=2, block_seconds=0.01, fewest_steps=2, most_steps=4, memory_steps=2)
TIMES = {"openmm": "openmm_ms_per_step", "ase": "ase_ms_per_step", "model": "model_ms_per_call"}


def refuse(*_, **__):
    raise AssertionError("nothing must be measured")


def test_real_benchmark_measures_every_model(water_benchmark, specs, short_plan):
    found, _, _ = water_benchmark
    assert found["schema_version"] == 1
    assert [entry["model"] for entry in found["entries"]] == list(specs)
    for entry in found["entries"]:
        assert (entry["system"], entry["n_atoms"]) == ("water", 3)
        assert (entry["platform"], entry["precision"]) == ("Reference", "mixed")
        for kind in KINDS:
            times = entry[TIMES[kind]]
            assert len(times["blocks"]) == short_plan.blocks
            assert 0.0 < times["p25"] <= times["median"] <= times["p75"]
            assert times["median"] == pytest.approx(np.median(times["blocks"]))
            assert 2 <= entry["steps_per_block"][kind] <= 8
        assert entry["peak_resident_mebibytes"] > entry["baseline_resident_mebibytes"] > 100.0
        assert entry["peak_device_mebibytes"] is None
        step_ms = entry["openmm_ms_per_step"]["median"]
        assert entry["ns_per_day"] == pytest.approx(0.5e-6 * 86_400_000.0 / step_ms)


def test_real_benchmark_compares_with_the_first_model(water_benchmark):
    found, _, _ = water_benchmark
    first, second = found["entries"]
    assert first["n_parameters"] > second["n_parameters"]
    assert first["speedup_over_original"] == {"median": 1.0, "p25": 1.0, "p75": 1.0}
    ratios = (
        np.array(first["openmm_ms_per_step"]["blocks"]) / second["openmm_ms_per_step"]["blocks"]
    )
    assert second["speedup_over_original"]["median"] == pytest.approx(np.median(ratios))


def test_real_benchmark_says_how_and_where(water_benchmark, specs):
    found, _, _ = water_benchmark
    method, environment = found["method"], found["environment"]
    assert method["models"] == list(specs)
    assert method["systems"] == ["water"]
    assert method["reference_model"] == specs[0]
    assert (method["rounds"], method["seed"], method["timestep_fs"]) == (3, 5, 0.5)
    assert environment["platform"] == "Reference"
    assert environment["torch_threads"] == 1
    assert found == jsonable(found)


def test_real_benchmark_reports_progress_and_each_system(water_benchmark, specs):
    found, progress, snapshots = water_benchmark
    total = len(specs) * (1 + 3 * len(KINDS))
    assert [done for done, _, _ in progress] == list(range(total + 1))
    assert {of for _, of, _ in progress} == {total}
    assert progress[0][2] == "starting"
    assert snapshots == [found]


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"specs": ["student:nonsense"]}, CheckpointError, "unknown student 'nonsense'"),
        ({"specs": ["nonsense"]}, PotentialError, "unknown potential 'nonsense'"),
        ({"specs": []}, ConfigError, "no potential was given"),
        ({"systems": ["watr"]}, MoleculeError, "did you mean water"),
        ({"systems": ["water", "water"]}, ConfigError, "system 'water' is named twice"),
        ({"platform": "Refrence"}, PlatformError, "did you mean 'Reference'"),
        ({"precision": "half"}, PlatformError, "unknown precision 'half'"),
        ({"reference_model": "missing.pt"}, CheckpointError, "no checkpoint at missing"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(specs, monkeypatch, changes, error, said):
    monkeypatch.setattr(runner, "_measure_system", refuse)
    asked = {"specs": list(specs), "systems": ["water"]} | changes
    with pytest.raises(error, match=said):
        run_benchmark(asked.pop("specs"), asked.pop("systems"), plan=PLAN, **asked)


def test_unknown_element_is_refused_before_anything_runs(specs, monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "_measure_system", refuse)
    salt = tmp_path / "hcl.xyz"
    salt.write_text("2\n\nCl 0.0 0.0 0.0\nH 0.0 0.0 1.27\n")
    with pytest.raises(PotentialError, match="does not know Cl"):
        run_benchmark(specs, ["water", str(salt)], plan=PLAN)


@pytest.fixture
def prepared(monkeypatch, specs):
    """Leave out all that takes time: blocks of the first model take 4 ms a step, others 1 ms.

    Gives the (model, kind) of each block that is run, and the threads of torch meanwhile.
    """
    turns, threads = [], set()

    def prepare(potential, system, molecule, *, platform, precision, plan):
        threads.add(torch.get_num_threads())
        ms_per_step = 4.0 if potential.spec == specs[0] else 1.0

        def block(kind):
            def run(steps):
                turns.append((potential.spec, kind))
                return 0.001 * ms_per_step * steps

            return run

        return Candidate(
            potential=potential,
            precision=precision,
            device="cpu",
            blocks={kind: block(kind) for kind in KINDS},
            steps=dict.fromkeys(KINDS, 3),
            model_call="nothing",
            memory=MemoryUse(500.0, 600.0, None),
        )

    monkeypatch.setattr(runner, "prepare_candidate", prepare)
    monkeypatch.setattr(
        runner, "choose_common_platform", lambda *_, **__: PlatformChoice("Reference")
    )
    return turns, threads


def test_entries_follow_from_the_blocks(specs, prepared):
    found = run_benchmark(specs, ["water", "methane"], plan=PLAN)
    keys = [(entry["system"], entry["model"]) for entry in found["entries"]]
    assert keys == [(system, spec) for system in ("water", "methane") for spec in specs]
    slow, fast = found["entries"][:2]
    assert slow["openmm_ms_per_step"]["blocks"] == [4.0, 4.0]
    assert fast["ase_ms_per_step"]["median"] == fast["model_ms_per_call"]["median"] == 1.0
    assert fast["ns_per_day"] == pytest.approx(43.2)
    assert fast["speedup_over_original"] == {"median": 4.0, "p25": 4.0, "p75": 4.0}


def test_models_take_turns(specs, prepared):
    run_benchmark(specs, ["water"], plan=PLAN)
    turns, _ = prepared
    large, small = specs
    assert turns == [
        *((spec, kind) for kind in KINDS for spec in (large, small)),
        *((spec, kind) for kind in KINDS for spec in (small, large)),
    ]


def test_reference_model_that_is_not_the_first(specs, prepared):
    found = run_benchmark([specs[0]], ["water"], plan=PLAN, reference_model=specs[1])
    assert [entry["model"] for entry in found["entries"]] == [specs[1], specs[0]]
    speedups = [entry["speedup_over_original"]["median"] for entry in found["entries"]]
    assert speedups == [1.0, 0.25]


def test_threads_are_set_recorded_and_put_back(specs, prepared):
    before = torch.get_num_threads()
    wanted = before + 1
    found = run_benchmark(specs, ["water"], plan=replace(PLAN, threads=wanted))
    assert prepared[1] == {wanted}
    assert found["environment"]["torch_threads"] == wanted
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("broken", ["prepare_candidate", "_run_rounds"])
def test_a_crash_keeps_what_was_measured_and_puts_threads_back(
    specs, prepared, monkeypatch, broken
):
    real, kept, calls = getattr(runner, broken), [], []
    before = torch.get_num_threads()

    def fails_on_the_second_system(*arguments, **options):
        calls.append(arguments)
        if len(kept) == 1:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(runner, broken, fails_on_the_second_system)
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(specs, ["water", "methane"], plan=PLAN, on_system=kept.append)
    (benchmark,) = kept
    assert benchmark["method"]["systems"] == ["water", "methane"]
    assert {entry["system"] for entry in benchmark["entries"]} == {"water"}
    assert torch.get_num_threads() == before


def test_a_model_that_fails_is_named(specs, prepared, monkeypatch):
    def fails(*_, **__):
        raise UnstableError("atoms are lost", time_ps=0.0, step=0)

    monkeypatch.setattr(runner, "prepare_candidate", fails)
    with pytest.raises(SimulationError, match=r"large\.safetensors: atoms are lost"):
        run_benchmark(specs, ["water"], plan=PLAN)


def test_an_ase_calculator_takes_part(monkeypatch):
    use = MemoryUse(500.0, 600.0, None)
    monkeypatch.setattr(candidates, "measure_memory", lambda request: use)
    found = run_benchmark(
        ["ase:ase.calculators.emt:EMT"], ["water"], platform="Reference", plan=PLAN
    )
    (entry,) = found["entries"]
    assert entry["model_call"] == "ASE calculator"
    assert entry["n_parameters"] is None
    assert entry["peak_resident_mebibytes"] == 600.0


@pytest.mark.gpu
def test_benchmark_on_cuda(specs):
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    found = run_benchmark(specs, ["water"], platform="CUDA", plan=PLAN)
    for entry in found["entries"]:
        assert (entry["platform"], entry["torch_device"]) == ("CUDA", "cuda")
        assert entry["peak_device_mebibytes"] > 10.0
