"""Profile the models of a benchmark: operators of the model, and stages of a step.

python scripts/benchmarks/stages.py FOLDER

Reads the models and systems from FOLDER/benchmark.json, which `openmm-mlff benchmark` wrote, and
writes its profiles.
"""

import argparse
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from openmm_mlff.benchmark.blocks import (
    Setting,
    openmm_block,
    protocol_reporters,
    relaxed_start,
    report_cycle_steps,
)
from openmm_mlff.benchmark.candidates import choose_common_platform
from openmm_mlff.benchmark.entries import BENCHMARK_FILE, Timing
from openmm_mlff.benchmark.model_blocks import ASE_CALL, model_block
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.rounds import Block, Participant, run_rounds, warmed_up
from openmm_mlff.benchmark.runner import write_page
from openmm_mlff.benchmark.variants import load_variants
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.storage.run_directory import read_json, write_json

PROFILED_STEPS = 20
TOP_OPERATORS = 12


def profile_of(entry: Mapping[str, Any], *, plan: BenchmarkPlan) -> dict[str, Any]:
    """Profile one model with one backend on one system, as named in an entry of a benchmark."""
    molecule, precision = load_system(entry["system"]), entry["precision"]
    (variant,) = load_variants(entry["model"], backends=(entry["backend"],))
    system = variant.potential.create_system(molecule, precision=precision)
    platform = choose_common_platform(
        system,
        (),
        molecule,
        request=entry["platform"],
        precision=precision,
        threads=entry["threads"],
    )
    setting = Setting(molecule, platform, plan, precision)
    start = relaxed_start(system, setting)
    alone, _ = model_block(variant, setting, start)
    with tempfile.TemporaryDirectory() as folder:
        reporters = protocol_reporters(Path(folder))
        model = warmed_up(
            variant.spec,
            {
                "openmm": openmm_block(system, setting, start),
                "model": alone,
                "bare": openmm_block(bare_system(setting.molecule), setting, start),
            },
            plan=plan,
        )
        reported = Participant(
            variant.spec,
            {"reporters": openmm_block(system, setting, start, reporters=reporters)},
            {"reporters": report_cycle_steps()},
        )
        times = run_rounds({"model": model, "reported": reported}, rounds=plan.blocks)
    return {
        **{name: entry[name] for name in ("model", "backend", "system", "platform")},
        "steps": PROFILED_STEPS,
        **profile_operators(alone),
        "stages": stages_of_step({**times["model"], **times["reported"]}),
    }


def profile_operators(block: Block, *, steps: int = PROFILED_STEPS) -> dict[str, Any]:
    """Run a warm block under torch's profiler, whose overhead makes shares meaningful, not times.

    Returns:
        `operator_calls_per_step`, including nested calls, and the `operators` with the largest CPU
            time of their own; `self_cpu_us_per_step` and `share` leave out nested calls.
    """
    # The profiler searches for a GPU and writes to stderr where there is none.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    # Keep the events of the only cycle; without this, torch warns that it keeps no other.
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as found:
        block(steps)
    events = sorted(found.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total_us = sum(event.self_cpu_time_total for event in events)
    return {
        "operator_calls_per_step": sum(event.count for event in events) / steps,
        "operators": [
            {
                "name": event.key,
                "calls_per_step": event.count / steps,
                "self_cpu_us_per_step": event.self_cpu_time_total / steps,
                "share": event.self_cpu_time_total / total_us if total_us > 0.0 else 0.0,
            }
            for event in events[:TOP_OPERATORS]
        ],
    }


def stages_of_step(times: Mapping[str, Timing]) -> dict[str, float]:
    """Return the stages of a step, ms, from differences within each round.

    Differences may be negative on a busy machine.

    Returns:
        `model`, a call of the model alone; `integration`, a step without forces; `marshalling`, the
            rest of the step: transfer of positions and forces, Python, locks; `reporters`, the time
            that they add.
    """
    kinds = ("openmm", "model", "reporters", "bare")
    step, model, reporters, bare = (np.array(times[kind].blocks) for kind in kinds)
    return {
        "model": times["model"].median,
        "integration": times["bare"].median,
        "marshalling": float(np.median(step - model - bare)),
        "reporters": float(np.median(reporters - step)),
    }


def main() -> None:
    """Profile every torch module of a benchmark, and write the benchmark and its page again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    benchmark = read_json(folder / BENCHMARK_FILE)
    method = benchmark["method"]
    plan = BenchmarkPlan(blocks=method["rounds"], seed=method["seed"])
    torch.set_num_threads(benchmark["entries"][0]["threads"])
    benchmark["profiles"] = [
        profile_of(entry, plan=plan)
        for entry in benchmark["entries"]
        if entry["model_call"] != ASE_CALL
    ]
    write_json(folder / BENCHMARK_FILE, benchmark)
    write_page(benchmark, folder=folder)


if __name__ == "__main__":
    main()
