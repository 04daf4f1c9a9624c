"""One model, by one backend, on one system, made ready to be timed against others."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openmm

from openmm_mlff.benchmark.blocks import Block, Start, ase_block, openmm_block
from openmm_mlff.benchmark.memory import MemoryRequest, MemoryUse, measure_memory
from openmm_mlff.benchmark.model_blocks import model_block
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.reporting import protocol_reporters, report_cycle_steps
from openmm_mlff.benchmark.statistics import steps_of_block
from openmm_mlff.benchmark.variants import Variant, options_of
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential, python_backend
from openmm_mlff.simulation import PlatformChoice, choose_platform

_WARM_UP_BLOCKS = 2


@dataclass(frozen=True)
class Candidate:
    """A model that is ready.

    Attributes:
        variant: the model and its backend.
        precision: as it was asked for.
        device: of torch, ``cuda`` or ``cpu``, where the model alone runs.
        blocks: what is timed, by kind.
        steps: of one block, by kind.
        model_call: what the block of the kind ``model`` calls.
        memory: peak of its own process, and its first call.
    """

    variant: Variant
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
) -> PlatformChoice:
    """Choose one platform for all models, the best for the reference.

    Args:
        systems: of the models, by label.
        molecule: what is run.
        reference: label of the model that decides.
        request: ``auto`` or a platform.
        precision: ``single``, ``mixed`` or ``double``.

    Returns:
        The platform.

    Raises:
        PlatformError: it is unknown, missing or cannot run one of the models.
    """
    start = molecule.positions_angstrom
    choice = choose_platform(systems[reference], start, request=request, precision=precision)
    for label, system in systems.items():
        if label != reference:
            choose_platform(system, start, request=choice.name, precision=precision)
    return choice


def prepare_candidate(
    variant: Variant,
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    start: Start,
    precision: str,
    threads: int,
    folder: Path,
    with_ase: bool,
    plan: BenchmarkPlan,
) -> Candidate:
    """Measure the memory and the first call, and warm up all that will be timed.

    Args:
        variant: the model.
        system: what it made of the molecule.
        molecule: what is run.
        platform: where.
        start: of every block.
        precision: of the weights.
        threads: of torch, as they are set.
        folder: an empty one for what reporters write.
        with_ase: whether ASE's path is timed, which is the same for all backends.
        plan: how.

    Returns:
        The model, ready.

    Raises:
        SimulationError: the model gave coordinates that are not numbers, or a process failed.
        PotentialError: it was to be compiled, and this machine cannot.
    """
    potential = variant.potential
    device = torch_device(platform)
    with compiling_or_refused():
        alone, call = model_block(
            variant, molecule, start=start, precision=precision, device=device, seed=plan.seed
        )
        alone(1)
    memory = measure_memory(
        MemoryRequest(
            spec=potential.spec,
            options=options_of(variant.backend),
            molecule=molecule.with_positions(start.positions_angstrom),
            platform=platform,
            precision=precision,
            timestep_fs=plan.timestep_fs,
            steps=plan.memory_steps,
            threads=threads,
        )
    )
    blocks = {"openmm": (), "reporters": protocol_reporters(folder)}
    ready: dict[str, Block] = {
        kind: openmm_block(
            system,
            molecule,
            platform=platform,
            start=start,
            timestep_fs=plan.timestep_fs,
            reporters=reporters,
        )
        for kind, reporters in blocks.items()
    }
    ready["model"] = alone
    if with_ase:
        ready["ase"] = _ase(potential, molecule, start, precision, device, plan)
    steps = {kind: warm_steps(block, plan=plan) for kind, block in ready.items()}
    cycle = report_cycle_steps()
    steps["reporters"] = cycle * -(-steps["reporters"] // cycle)
    # A PythonForce of the student computes on the CPU whatever the platform.
    alone_on = "cpu" if variant.backend.startswith("python") else device
    return Candidate(variant, precision, alone_on, ready, steps, call, memory)


def torch_device(platform: PlatformChoice) -> str:
    """Give the device on which torch runs beside a platform."""
    return "cuda" if platform.name == "CUDA" else "cpu"


def _ase(
    potential: Potential,
    molecule: MolecularSystem,
    start: Start,
    precision: str,
    device: str,
    plan: BenchmarkPlan,
) -> Block:
    calculator = potential.ase_calculator(precision=precision, device=device)
    return ase_block(calculator, molecule, start=start, timestep_fs=plan.timestep_fs)


class _Listener(logging.Handler):
    """Keeps the warnings that it is given."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@contextmanager
def compiling_or_refused() -> Iterator[None]:
    """Refuse to time the eager model under the name of the compiled one.

    Raises:
        PotentialError: what was compiled within could not be, and the eager model ran instead.
    """
    listener = _Listener()
    python_backend.logger.addHandler(listener)
    try:
        yield
    finally:
        python_backend.logger.removeHandler(listener)
    if listener.heard:
        raise PotentialError(listener.heard[0])


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
