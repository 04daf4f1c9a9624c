"""Long NVE runs with external monitoring: memory, time per step, energy."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openmm

from openmm_mlff.benchmark.blocks import thermal_start
from openmm_mlff.benchmark.plan import COMPILED
from openmm_mlff.benchmark.reporting import protocol_reporters, report_cycle_steps
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.options import NO_OPTIONS
from openmm_mlff.potentials import Potential
from openmm_mlff.reporters.stability import StabilityReporter
from openmm_mlff.simulation import make_simulation, minimise
from openmm_mlff.simulation.memory import resident_mebibytes
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.units import nm_from_angstrom, ps_from_fs

TIMESTEP_FS = 0.5
TEMPERATURE_KELVIN = 300.0


def long_run(
    potential: Potential,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    duration_ps: float,
    n_blocks: int,
    folder: Path,
    precision: str = "mixed",
    seed: int = 1,
    on_block: Callable[[int], None] = lambda _: None,
) -> Mapping[str, Any]:
    """Run for long with the reporters of the standard protocol, and monitor each block.

    Args:
        potential: any potential.
        molecule: isolated or periodic.
        platform: OpenMM platform.
        duration_ps: rounded up to whole blocks of whole report cycles.
        n_blocks: number of blocks.
        folder: an empty folder for energies and frames.
        precision: of the weights.
        seed: of the velocities.
        on_block: called with the number of completed blocks.

    Returns:
        Lists with one value per block: `resident_mebibytes` at its end, `wall_ms_per_step`,
            `cpu_ms_per_step`, which other load does not increase, and `time_ps`; and the slopes of
            memory (`memory_growth_mebibytes_per_10000_steps`) and of CPU time (`slowing`, last
            quarter over first, without the first block, which compiles).

    Raises:
        UnstableError: a limit of the `StabilityReporter` was exceeded.
    """
    cycle = report_cycle_steps()
    steps = cycle * max(1, -(-round(duration_ps / ps_from_fs(TIMESTEP_FS)) // (n_blocks * cycle)))
    simulation = _simulation(potential, molecule, platform, precision=precision, seed=seed)
    simulation.reporters.append(StabilityReporter(cycle, molecule))
    simulation.reporters += protocol_reporters(folder)
    memory, wall, cpu = [], [], []
    for number in range(n_blocks):
        began, worked = time.perf_counter(), time.process_time()
        simulation.step(steps)
        wall.append(1e3 * (time.perf_counter() - began) / steps)
        cpu.append(1e3 * (time.process_time() - worked) / steps)
        memory.append(resident_mebibytes())
        on_block(number + 1)
    return {
        "potential": potential.spec,
        "backend": _backend(potential),
        "system": molecule.name,
        "platform": platform.name,
        "timestep_fs": TIMESTEP_FS,
        "steps": steps * n_blocks,
        "time_ps": [ps_from_fs(TIMESTEP_FS) * steps * (n + 1) for n in range(n_blocks)],
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
    """Return the median of the last quarter over that of the first, without the first block."""
    steady = cpu_ms_per_step[1:] or cpu_ms_per_step
    quarter = max(1, len(steady) // 4)
    return float(np.median(steady[-quarter:]) / np.median(steady[:quarter]))


def _simulation(
    potential: Potential,
    molecule: MolecularSystem,
    platform: PlatformChoice,
    *,
    precision: str,
    seed: int,
) -> Any:
    system = potential.create_system(molecule, precision=precision)
    positions = minimise(system, molecule, platform=platform).positions_angstrom
    start = thermal_start(
        molecule, positions_angstrom=positions, temperature_kelvin=TEMPERATURE_KELVIN, seed=seed
    )
    simulation = make_simulation(
        system,
        molecule,
        openmm.VerletIntegrator(ps_from_fs(TIMESTEP_FS)),
        platform=platform,
        positions_angstrom=start.positions_angstrom,
    )
    simulation.context.setVelocities(nm_from_angstrom(start.velocities_angstrom_per_ps))
    return simulation


def _backend(potential: Potential) -> str:
    """Return the backend of a potential with a choice of backends."""
    options = getattr(potential, "options", NO_OPTIONS)
    return COMPILED if options.compiled else str(options.backend)
