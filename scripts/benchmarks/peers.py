"""Measure torch-sim and SchNetPack's PaiNN at the size of each student.

python scripts/benchmarks/peers.py FOLDER [--program torch-sim] [--program schnetpack]

Reads the models and systems from FOLDER/benchmark.json, which `openmm-mlff benchmark` wrote, and
adds the results to its peers. The programs are the ones named at the top of programs.py.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import torch
from programs import BLOCKS, CALLS

from openmm_mlff.benchmark.blocks import Setting, relaxed_start
from openmm_mlff.benchmark.entries import BENCHMARK_FILE, PeerEntry
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.rounds import run_rounds, warmed_up
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.report.benchmark_plots import write_benchmark_figures
from openmm_mlff.report.benchmark_tables import benchmark_markdown
from openmm_mlff.simulation import named_platform
from openmm_mlff.storage.files import jsonable, write_text
from openmm_mlff.storage.run_directory import read_json, write_json

PLATFORM = "Reference"
PAGE_FILE = "benchmark.md"


def measure(
    system: str, models: list[str], *, programs: list[str], plan: BenchmarkPlan, precision: str
) -> list[PeerEntry]:
    """Measure each program with each student on one molecule, in turn."""
    molecule = load_system(system)
    setting = Setting(molecule, named_platform(PLATFORM, precision=precision), plan, precision)
    participants = {}
    for model in models:
        potential = load_potential(model)
        start = relaxed_start(potential.create_system(molecule, precision=precision), setting)
        for program in programs:
            block = BLOCKS[program](potential, setting, start)
            participants[program, model] = warmed_up(model, {"peer": block}, plan=plan)
    times = run_rounds(participants, rounds=plan.blocks)
    return [
        PeerEntry(
            f"{program}: {model}",
            system,
            molecule.n_atoms,
            CALLS[program],
            times[program, model]["peer"],
        )
        for program, model in participants
    ]


def main() -> None:
    """Measure, and write benchmark.json and its page again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", choices=tuple(BLOCKS), action="append")
    arguments = parser.parse_args()
    file: Path = arguments.folder / BENCHMARK_FILE
    benchmark = read_json(file)
    method = benchmark["method"]
    torch.set_num_threads(benchmark["entries"][0]["threads"])
    programs = arguments.program or list(BLOCKS)
    benchmark["peers"] = [
        one for one in benchmark["peers"] if one["peer"].partition(": ")[0] not in programs
    ]
    models = [model for model in method["models"] if model.startswith("student:")]
    for system in method["systems"]:
        found = measure(
            system,
            models,
            programs=programs,
            plan=BenchmarkPlan(blocks=method["rounds"], seed=method["seed"]),
            precision=benchmark["entries"][0]["precision"],
        )
        for entry in found:
            print(f"{entry.system}, {entry.peer}: {entry.ms_per_call.median:.3g} ms", flush=True)
        benchmark["peers"] += [jsonable(asdict(entry)) for entry in found]
    write_json(file, benchmark)
    figures = write_benchmark_figures(benchmark, folder=arguments.folder)
    page = benchmark_markdown(benchmark, figures=figures, folder=arguments.folder)
    write_text(arguments.folder / PAGE_FILE, page)


if __name__ == "__main__":
    main()
