"""Measure the rest of what has a target on the page on performance; writes ``targets.json``.

python scripts/benchmarks/targets.py [FOLDER] [--part NAME ...]

Parts: command-line, python-force, alone, compiled, peptide, validate.  Each is measured in a
process of its own; parts that are not asked for keep their numbers.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
import torch
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.md.verlet import VelocityVerlet
from ase.units import fs

from openmm_mlff.benchmark.blocks import Setting, Start, openmm_block, thermal_start
from openmm_mlff.benchmark.rounds import Participant, run_rounds
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.storage.run_directory import read_json, write_json

PROGRAM = [sys.executable, "-m", "openmm_mlff"]
TIMES = 5
ROUNDS = 7
STEPS = 200
PLATFORM = "Reference"
CARBONS = (1, 4, 10, 15, 20, 21, 33, 100)
"""Of unbranched alkanes: 5 to 302 atoms; above 64 atoms students use a neighbour list."""
BATCH = 16
EVERY_S = 1.0
SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
PEPTIDE = "smiles:CC(=O)" + 29 * "N[C@@H](C)C(=O)" + "NC"
"""Capped polyalanine of 302 atoms."""

COMPILE = """
from openmm_mlff.molecules import load_system
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials import load_potential
import openmm, time
began = time.perf_counter()
options = PotentialOptions(backend="python", compiled=True)
molecule = load_system("benzene")
system = load_potential("student:original", options=options).create_system(molecule)
platform = openmm.Platform.getPlatform("Reference")
context = openmm.Context(system, openmm.VerletIntegrator(0.0005), platform)
context.setPositions(molecule.positions_angstrom / 10)
context.getState(energy=True, forces=True)
print(time.perf_counter() - began)
"""


def taken_s(arguments: list[str]) -> float:
    """Return the median wall time of a command of the program, with its start."""
    times = []
    for _ in range(TIMES):
        began_s = time.perf_counter()
        subprocess.run([*PROGRAM, *arguments], capture_output=True, check=False)
        times.append(time.perf_counter() - began_s)
    return median(times)


def command_line() -> dict[str, Any]:
    """Time the help, an error in a spec, and the judgement of a finished run."""
    with tempfile.TemporaryDirectory() as folder:
        run = ["validate", "student:ultra-tiny", "--system", "water", "--protocol", "quick"]
        run += ["--output", f"{folder}/run"]
        subprocess.run([*PROGRAM, *run], capture_output=True, check=False)
        return {
            "help_s": taken_s(["--help"]),
            "error_s": taken_s(["validate", "studnet:tiny", "--system", "water"]),
            "judge_s": taken_s(["judge", f"{folder}/run"]),
        }


def taken(call: Callable[[], Any], count: int) -> float:
    """Return the wall time, s, of some calls."""
    began_s = time.perf_counter()
    for _ in range(count):
        call()
    return time.perf_counter() - began_s


def python_force() -> dict[str, Any]:
    """Compare steps through PythonForce and ASE with calls of the same calculator."""
    torch.set_num_threads(1)
    potential, molecule = load_potential(GFN2_XTB), load_system("ethanol")
    setting = Setting(molecule, named_platform(PLATFORM))
    start = thermal_start(setting, molecule.positions_angstrom)
    steps = openmm_block(potential.create_system(molecule), setting, start)
    atoms = molecule.to_ase()
    atoms.calc = potential.shared_calculator(precision="mixed")
    # The calls are at the geometries of the steps, so that the SCF takes as many cycles.
    MaxwellBoltzmannDistribution(atoms, temperature_K=300.0, rng=np.random.default_rng(0))
    dynamics, path = VelocityVerlet(atoms, 0.5 * fs), []
    for _ in range(STEPS):
        dynamics.run(1)
        path.append(atoms.positions.copy())

    def calls(count: int) -> float:
        began_s = time.perf_counter()
        for index in range(count):
            atoms.positions = path[index]
            atoms.get_potential_energy()
            atoms.get_forces()
        return time.perf_counter() - began_s

    blocks = {"step": steps, "call": calls}
    for block in blocks.values():
        block(20)
    times = run_rounds(
        {"gfn2": Participant("GFN2-xTB", blocks, {"step": STEPS, "call": STEPS})}, rounds=ROUNDS
    )["gfn2"]
    ms = {kind: one.median for kind, one in times.items()}
    return {"ms_per_step": ms["step"], "ms_per_call": ms["call"], "ratio": ms["step"] / ms["call"]}


def alone() -> dict[str, Any]:
    """Time steps, and batches of geometries, of alkanes outside boxes."""
    torch.set_num_threads(1)
    molecules = [load_system("smiles:" + count * "C") for count in CARBONS]
    rows = []
    for spec in ("student:ultra-tiny", "student:original"):
        potential = load_potential(spec)
        participants = {}
        for molecule in molecules:
            setting = Setting(molecule, named_platform(PLATFORM))
            start = Start(molecule.positions_angstrom, np.zeros((molecule.n_atoms, 3)))
            step = openmm_block(potential.create_system(molecule), setting, start)
            many = np.repeat(molecule.positions_angstrom[None], BATCH, axis=0)

            evaluate = partial(potential.evaluate, molecule, many)
            blocks = {"step": step, "batch": partial(taken, evaluate)}
            counts = {"step": 20, "batch": 2}
            for kind, block in blocks.items():
                block(counts[kind])
            participants[molecule.name] = Participant(molecule.name, blocks, counts)
        times = run_rounds(participants, rounds=ROUNDS)
        for molecule in molecules:
            found = times[molecule.name]
            row = {
                "potential": spec,
                "n_atoms": molecule.n_atoms,
                "us_per_atom": 1e3 * found["step"].median / molecule.n_atoms,
                "us_per_atom_in_batch": 1e3 * found["batch"].median / molecule.n_atoms / BATCH,
            }
            print(row, flush=True)
            rows.append(row)
    return {"batch": BATCH, "rows": rows}


def compiled() -> dict[str, Any]:
    """Time the first and second use of the compiled backend, each in a new process."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            found = subprocess.run(
                [sys.executable, "-c", COMPILE],
                env={**os.environ, "TORCHINDUCTOR_CACHE_DIR": folder},
                capture_output=True,
                text=True,
                check=True,
            )
            times.append(float(found.stdout.split()[-1]))
    return {"first_s": times[0], "second_s": times[1]}


def peptide() -> dict[str, Any]:
    """Time a quick validation of a peptide of 302 atoms by the largest student."""
    with tempfile.TemporaryDirectory() as folder:
        run = ["validate", "student:original", "--system", PEPTIDE, "--name", "polyalanine"]
        run += ["--protocol", "quick", "--reference", "none", "--output", f"{folder}/run"]
        began_s, largest = time.perf_counter(), 0
        with subprocess.Popen([*PROGRAM, *run], **SILENT) as program:
            while program.poll() is None:
                largest = max(largest, resident_bytes(program.pid))
                time.sleep(EVERY_S)
        seconds = time.perf_counter() - began_s
        verdict = read_json(Path(folder) / "run" / "report.json")["verdict"]["status"]
    return {
        "seconds": seconds,
        "gibibytes": largest / 2**30,
        "verdict": verdict,
        "exit_code": program.returncode,
    }


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants; what they share counts twice."""
    try:
        root = psutil.Process(pid)
        return sum(one.memory_info().rss for one in (root, *root.children(recursive=True)))
    except psutil.NoSuchProcess:
        return 0


def validate() -> dict[str, Any]:
    """Time what `make validate` runs: student:original on water, methane and alanine."""
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.perf_counter()
        run = [*PROGRAM, "validate", "--output", f"{folder}/run"]
        code = subprocess.run(run, capture_output=True, check=False).returncode
        return {"seconds": time.perf_counter() - began_s, "exit_code": code}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "command-line": command_line,
    "python-force": python_force,
    "alone": alone,
    "compiled": compiled,
    "peptide": peptide,
    "validate": validate,
}


def main() -> None:
    """Measure the parts and write the table after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/benchmark"))
    parser.add_argument("--part", action="append", choices=list(PARTS))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    path = asked.folder / "targets.json"
    table = read_json(path) if path.exists() else {}
    for name in asked.part or PARTS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
            table[name] = process.submit(PARTS[name]).result()
        print(name, table[name], flush=True)
        write_json(path, table)


if __name__ == "__main__":
    main()
