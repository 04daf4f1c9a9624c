"""One model on one system, made ready to be timed against others."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import openmm

from openmm_mlff.benchmark.blocks import (
    Block,
    ase_block,
    model_block,
    openmm_block,
    thermal_start,
)
from openmm_mlff.benchmark.memory import MemoryRequest, MemoryUse, measure_memory
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.statistics import steps_of_block
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.simulation import PlatformChoice, choose_platform, minimise

_WARM_UP_BLOCKS = 2


@dataclass(frozen=True)
class Candidate:
    """A model that is ready.

    Attributes:
        potential: the model.
        precision: as it was asked for.
        device: of torch, ``cuda`` or ``cpu``.
        blocks: what is timed, by kind.
        steps: of one block, by kind.
        model_call: what the block of the kind ``model`` calls.
        memory: peak of its own process.
    """

    potential: Potential
    precision: str
    device: str
    blocks: Mapping[str, Block]
    steps: Mapping[str, int]
    model_call: str
    memory: MemoryUse


def choose_common_platform(
    systems: Mapping[str, openmm.System],
    molecule: MolecularSystem,
    *,
    reference: str,
    request: str,
    precision: str,
    plan: BenchmarkPlan,
) -> PlatformChoice:
    """Choose one platform for all models, the best for the reference.

    Args:
        systems: of the models, by spec string.
        molecule: what is run.
        reference: spec string of the model that decides.
        request: ``auto`` or a platform.
        precision: ``single``, ``mixed`` or ``double``.
        plan: gives the threads of the CPU platform.

    Returns:
        The platform.

    Raises:
        PlatformError: it is unknown, missing or cannot run one of the models.
    """
    start = molecule.positions_angstrom
    choice = choose_platform(systems[reference], start, request=request, precision=precision)
    for spec, system in systems.items():
        if spec != reference:
            choose_platform(system, start, request=choice.name, precision=precision)
    if choice.name == "CPU":
        return replace(choice, properties={**choice.properties, "Threads": str(plan.threads)})
    return choice


def prepare_candidate(
    potential: Potential,
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    precision: str,
    plan: BenchmarkPlan,
) -> Candidate:
    """Minimise, measure the memory, and warm up all that will be timed.

    Args:
        potential: the model.
        system: what it made of the molecule.
        molecule: what is run.
        platform: where.
        precision: of the weights.
        plan: how.

    Returns:
        The model, ready.

    Raises:
        SimulationError: the model gave coordinates that are not numbers, or a process failed.
    """
    minimum = minimise(system, molecule, platform=platform).positions_angstrom
    memory = measure_memory(
        MemoryRequest(
            spec=potential.spec,
            molecule=molecule.with_positions(minimum),
            platform=platform,
            precision=precision,
            timestep_fs=plan.timestep_fs,
            steps=plan.memory_steps,
            threads=plan.threads,
        )
    )
    start = thermal_start(
        molecule,
        positions_angstrom=minimum,
        temperature_kelvin=plan.temperature_kelvin,
        seed=plan.seed,
    )
    device = "cuda" if platform.name == "CUDA" else "cpu"
    alone, call = model_block(
        potential, molecule, start=start, precision=precision, device=device, seed=plan.seed
    )
    calculator = potential.ase_calculator(precision=precision, device=device)
    step_fs = plan.timestep_fs
    blocks = {
        "openmm": openmm_block(
            system, molecule, platform=platform, start=start, timestep_fs=step_fs
        ),
        "ase": ase_block(calculator, molecule, start=start, timestep_fs=step_fs),
        "model": alone,
    }
    steps = {kind: warm_steps(block, plan=plan) for kind, block in blocks.items()}
    return Candidate(potential, precision, device, blocks, steps, call, memory)


def warm_steps(block: Block, *, plan: BenchmarkPlan) -> int:
    """Warm a block up and choose its number of steps.

    Args:
        block: what will be timed.
        plan: how long a block is to last.

    Returns:
        Steps of a block.
    """
    # The first calls compile; the last warm-up block is as those that will be timed.
    for _ in range(_WARM_UP_BLOCKS):
        elapsed_s = block(plan.fewest_steps)
    return steps_of_block(
        elapsed_s / plan.fewest_steps,
        block_seconds=plan.block_seconds,
        fewest=plan.fewest_steps,
        most=plan.most_steps,
    )
