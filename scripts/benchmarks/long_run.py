"""Monitor memory and time per step over a long NVE run; writes a JSON file.

python scripts/benchmarks/long_run.py POTENTIAL FILE.json [--system water] [--duration-ps 100]
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import openmm
import torch

from openmm_mlff.benchmark.blocks import (
    Setting,
    protocol_reporters,
    relaxed_start,
    report_cycle_steps,
)
from openmm_mlff.benchmark.plan import COMPILED
from openmm_mlff.benchmark.variants import options_of
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import Potential, load_potential
from openmm_mlff.reporters.stability import StabilityReporter
from openmm_mlff.simulation import make_simulation
from openmm_mlff.simulation.nve import set_start_velocities
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.simulation.record import resident_mebibytes
from openmm_mlff.storage.run_directory import write_json
from openmm_mlff.units import ps_from_fs


def long_run(
    potential: Potential, setting: Setting, *, duration_ps: float, n_blocks: int, folder: Path
) -> dict[str, Any]:
    """Run with the reporters of the standard protocol, and monitor each block.

    ``duration_ps`` is rounded up to whole blocks of whole report cycles; ``folder`` is an empty
    folder for energies and frames.

    Returns:
        Lists with one value per block: `resident_mebibytes` at its end, `wall_ms_per_step`,
            `cpu_ms_per_step`, which other load does not increase, and `time_ps`; and the slopes of
            memory (`memory_growth_mebibytes_per_10000_steps`) and of CPU time (`slowing`).
    """
    cycle = report_cycle_steps()
    timestep_ps = ps_from_fs(setting.plan.timestep_fs)
    steps = cycle * max(1, -(-round(duration_ps / timestep_ps) // (n_blocks * cycle)))
    system = potential.create_system(setting.molecule, precision=setting.precision)
    start = relaxed_start(system, setting)
    simulation = make_simulation(
        system,
        setting.molecule,
        openmm.VerletIntegrator(timestep_ps),
        platform=setting.platform,
        positions_angstrom=start.positions_angstrom,
    )
    set_start_velocities(simulation, start.velocities_angstrom_per_ps)
    simulation.reporters.append(StabilityReporter(cycle, setting.molecule))
    simulation.reporters += protocol_reporters(folder)
    memory, wall, cpu = [], [], []
    for number in range(n_blocks):
        began, worked = time.perf_counter(), time.process_time()
        simulation.step(steps)
        wall.append(1e3 * (time.perf_counter() - began) / steps)
        cpu.append(1e3 * (time.process_time() - worked) / steps)
        memory.append(resident_mebibytes())
        print(f"block {number + 1} of {n_blocks}", flush=True)
    return {
        "potential": potential.spec,
        "system": setting.molecule.name,
        "platform": setting.platform.name,
        "timestep_fs": setting.plan.timestep_fs,
        "steps": steps * n_blocks,
        "time_ps": [timestep_ps * steps * (number + 1) for number in range(n_blocks)],
        "resident_mebibytes": memory,
        "wall_ms_per_step": wall,
        "cpu_ms_per_step": cpu,
        "memory_growth_mebibytes_per_10000_steps": growth(memory, steps_of_block=steps),
        "slowing": slowing(cpu),
    }


def growth(resident_mebibytes: list[float], *, steps_of_block: int) -> float:
    """Fit the growth of memory over the second half, MiB/10,000 steps; NaN for one block."""
    late = resident_mebibytes[len(resident_mebibytes) // 2 :]
    if len(late) < 2:
        return float("nan")
    slope = float(np.polyfit(np.arange(len(late)), late, deg=1)[0])
    return 1e4 * slope / steps_of_block


def slowing(cpu_ms_per_step: list[float]) -> float:
    """Return the median of the last quarter over that of the first.

    The first block, which compiles, is left out.
    """
    steady = cpu_ms_per_step[1:] or cpu_ms_per_step
    quarter = max(1, len(steady) // 4)
    return float(np.median(steady[-quarter:]) / np.median(steady[:quarter]))


def main() -> None:
    """Run and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("potential")
    parser.add_argument("file", type=Path)
    parser.add_argument("--system", default="water")
    parser.add_argument("--duration-ps", type=float, default=100.0)
    parser.add_argument("--blocks", type=int, default=40)
    parser.add_argument("--platform", default="Reference")
    parser.add_argument("--compiled", action="store_true", help="use the compiled Python backend")
    arguments = parser.parse_args()
    backend = COMPILED if arguments.compiled else "torchforce"
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found = long_run(
            load_potential(arguments.potential, options=options_of(backend)),
            Setting(load_system(arguments.system), named_platform(arguments.platform)),
            duration_ps=arguments.duration_ps,
            n_blocks=arguments.blocks,
            folder=Path(folder),
        )
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    write_json(arguments.file, {"backend": backend, **found})
    print(
        f"memory {found['memory_growth_mebibytes_per_10000_steps']:.3g} MiB/10,000 steps, "
        f"time per step {found['slowing']:.3f} times that at the start"
    )


if __name__ == "__main__":
    main()
