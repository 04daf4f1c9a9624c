"""Measure other programs beside the models of a benchmark.

python scripts/benchmarks/peers.py FOLDER [--program torch-sim] [--program schnetpack]
    [--calculator ase:MODULE:NAME?key=value]

Reads the models and systems from FOLDER/benchmark.json, which `openmm-mlff benchmark` wrote, and
adds the results to its peers. The programs, each at the size of each student, are the ones named at
the top of programs.py; the default calculator is GFN2-xTB, the teacher of the students. How many
steps of a model take as long as a call of the first calculator is added to the ratios.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from ase.calculators.calculator import CalculatorError
from programs import BLOCKS, CALLS

from openmm_mlff.benchmark.blocks import Setting, openmm_block, relaxed_start
from openmm_mlff.benchmark.candidates import choose_common_platform
from openmm_mlff.benchmark.entries import BENCHMARK_FILE
from openmm_mlff.benchmark.model_blocks import calculator_block, distorted
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.rounds import Participant, run_rounds, warmed_up
from openmm_mlff.benchmark.runner import write_page
from openmm_mlff.benchmark.statistics import ratio
from openmm_mlff.benchmark.variants import load_variants
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.errors import UserError
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.storage.files import jsonable
from openmm_mlff.storage.run_directory import read_json, write_json
from openmm_mlff.storage.text import one_line

CALCULATOR_CALL = "energy and forces through ASE"


def measure(
    system: str,
    entries: Sequence[dict[str, Any]],
    *,
    programs: Sequence[str],
    calculators: Sequence[str],
    plan: BenchmarkPlan,
) -> list[dict[str, Any]]:
    """Measure programs and calculators in turn with the entries of one system.

    Adds the ratio ``teacher_over_step`` to the entries.
    """
    molecule, precision = load_system(system), entries[0]["precision"]
    variants = [load_variants(entry["model"], backends=(entry["backend"],))[0] for entry in entries]
    models = [one.potential.create_system(molecule, precision=precision) for one in variants]
    platform = choose_common_platform(
        models[0],
        (),
        molecule,
        request=entries[0]["platform"],
        precision=precision,
        threads=entries[0]["threads"],
    )
    setting = Setting(molecule, platform, plan, precision)
    participants: dict[str, Participant] = {}
    skipped: dict[str, str] = {}
    calls = dict.fromkeys(calculators, CALCULATOR_CALL)
    steps = [variant.label for variant in variants]
    for label, model, entry in zip(steps, models, entries, strict=True):
        start = relaxed_start(model, setting)
        block = openmm_block(model, setting, start)
        participants[label] = warmed_up(label, {"openmm": block}, plan=plan)
        for program in programs if entry["model"].startswith("student:") else ():
            peer = f"{program}: {entry['model']}"
            if peer not in participants:
                block = BLOCKS[program](load_potential(entry["model"]), setting, start)
                participants[peer] = warmed_up(peer, {"peer": block}, plan=plan)
                calls[peer] = CALLS[program]
    for spec in calculators:
        try:
            calculator = load_potential(spec).ase_calculator()
            block = calculator_block(calculator, molecule, distorted(setting, start))
            participants[spec] = warmed_up(spec, {"peer": block}, plan=plan)
        except (UserError, CalculatorError) as error:
            skipped[spec] = one_line(error)
    times = run_rounds(participants, rounds=plan.blocks)
    teacher = next((times[spec]["peer"] for spec in calculators if spec in times), None)
    for label, entry in zip(steps, entries, strict=True):
        if teacher:
            entry["ratios"]["teacher_over_step"] = asdict(ratio(teacher, times[label]["openmm"]))
    return [
        {
            "peer": peer,
            "system": system,
            "n_atoms": molecule.n_atoms,
            "call": call,
            "ms_per_call": jsonable(asdict(times[peer]["peer"])) if peer in times else None,
            "skipped": skipped.get(peer, ""),
        }
        for peer, call in calls.items()
    ]


def main() -> None:
    """Measure, and write benchmark.json and its page again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--program", choices=tuple(BLOCKS), action="append")
    parser.add_argument("--calculator", action="append")
    arguments = parser.parse_args()
    programs = list(BLOCKS)
    calculators = [GFN2_XTB]
    if arguments.program or arguments.calculator:
        programs, calculators = arguments.program or [], arguments.calculator or []
    file: Path = arguments.folder / BENCHMARK_FILE
    benchmark = read_json(file)
    method, entries = benchmark["method"], benchmark["entries"]
    entries = [one for one in entries if one["platform"] == entries[0]["platform"]]
    torch.set_num_threads(entries[0]["threads"])
    benchmark["peers"] = [
        one
        for one in benchmark.get("peers", ())
        if one["peer"].partition(": ")[0] not in (*programs, *calculators)
    ]
    for system in method["systems"]:
        benchmark["peers"] += measure(
            system,
            [entry for entry in entries if entry["system"] == system],
            programs=programs,
            calculators=calculators,
            plan=BenchmarkPlan(blocks=method["rounds"], seed=method["seed"]),
        )
    write_json(file, benchmark)
    write_page(benchmark, folder=arguments.folder)


if __name__ == "__main__":
    main()
