"""One model with one backend on one system, prepared for timing."""

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
    """A prepared model.

    Attributes:
        precision: as requested.
        device: torch device of the model alone, ``cuda`` or ``cpu``.
        blocks: timed code by kind.
        steps: per block, by kind.
        model_call: description of the call timed as kind ``model``.
        memory: peak memory and first call in a separate process.
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
    """Select one platform for all models, the best one for the reference.

    ``systems`` are keyed by label; ``request`` is ``auto`` or a platform.

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
    """Measure memory and first call of a model, and warm up all timed blocks.

    ``folder`` is an empty folder for reporters; ``with_ase`` selects whether the ASE path is timed,
    which is the same for all backends.

    Raises:
        SimulationError: coordinates are not finite, or a process failed.
        PotentialError: compilation was requested but is not possible on this machine.
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
    # A PythonForce of the student computes on the CPU on every platform.
    alone_on = "cpu" if variant.backend.startswith("python") else device
    return Candidate(variant, precision, alone_on, ready, steps, call, memory)


def torch_device(platform: PlatformChoice) -> str:
    """Return the torch device for a platform."""
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
    """Collect warnings."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(record.getMessage())


@contextmanager
def compiling_or_refused() -> Iterator[None]:
    """Raise if the compiled model falls back to the eager one, which must not be timed as compiled.

    Raises:
        PotentialError: a model could not be compiled within the context.
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
    """Warm up a block and return its number of steps."""
    # The first calls compile; the last warm-up block is representative of those to be timed.
    for _ in range(_WARM_UP_BLOCKS):
        elapsed_s = block(plan.fewest_steps)
    return steps_of_block(
        elapsed_s / plan.fewest_steps,
        block_seconds=plan.block_seconds,
        fewest=plan.fewest_steps,
        most=plan.most_steps,
    )
