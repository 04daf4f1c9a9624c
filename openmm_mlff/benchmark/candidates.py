"""One model with one backend on one system, prepared for timing."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from logging.handlers import BufferingHandler
from pathlib import Path

import openmm

from openmm_mlff.benchmark.blocks import (
    Setting,
    Start,
    ase_block,
    openmm_block,
    protocol_reporters,
    report_cycle_steps,
)
from openmm_mlff.benchmark.memory import MemoryUse, measure_memory
from openmm_mlff.benchmark.model_blocks import model_block
from openmm_mlff.benchmark.rounds import Block, Participant, warmed_up
from openmm_mlff.benchmark.variants import Variant, options_of
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import python_backend
from openmm_mlff.simulation import PlatformChoice, choose_platform


@dataclass(frozen=True)
class Candidate:
    """A prepared model.

    Attributes:
        model_call: description of the call timed as kind ``model``.
        memory: peak memory and first call in a separate process.
    """

    variant: Variant
    model_call: str
    memory: MemoryUse
    participant: Participant


def choose_common_platform(
    first: openmm.System,
    systems: Iterable[openmm.System],
    molecule: MolecularSystem,
    *,
    request: str,
    precision: str,
    threads: int,
) -> PlatformChoice:
    """Select one platform for all Systems, the best one for the first.

    ``request`` is ``auto`` or a platform.

    Raises:
        PlatformError: it is unknown, missing or cannot run one of the models.
    """
    start = molecule.positions_angstrom
    choice = choose_platform(first, start, request=request, precision=precision)
    for system in systems:
        if system is not first:
            choose_platform(system, start, request=choice.name, precision=precision)
    if choice.name != "CPU":
        return choice
    return replace(choice, properties={**choice.properties, "Threads": str(threads)})


def prepare_candidate(
    variant: Variant,
    system: openmm.System,
    setting: Setting,
    start: Start,
    *,
    folder: Path,
    with_ase: bool,
) -> Candidate:
    """Measure memory and first call of a model, and warm up all timed blocks.

    ``folder`` is an empty folder for reporters; ``with_ase`` selects whether the ASE path is timed,
    which is the same for all backends.

    Raises:
        SimulationError: coordinates are not finite, or a process failed.
        PotentialError: compilation was requested but is not possible on this machine.
    """
    with compiled_or_refused():
        alone, call = model_block(variant, setting, start)
        alone(1)
    memory = measure_memory(variant.spec, setting, start, options=options_of(variant.backend))
    blocks: dict[str, Block] = {
        "openmm": openmm_block(system, setting, start),
        "reporters": openmm_block(system, setting, start, reporters=protocol_reporters(folder)),
        "model": alone,
    }
    if with_ase:
        device = "cuda" if setting.platform.name == "CUDA" else "cpu"
        calculator = variant.potential.ase_calculator(precision=setting.precision, device=device)
        blocks["ase"] = ase_block(calculator, setting, start)
    warm = warmed_up(variant.spec, blocks, plan=setting.plan)
    cycle = report_cycle_steps()
    cycles = -(-warm.steps["reporters"] // cycle)
    participant = replace(warm, steps={**warm.steps, "reporters": cycle * cycles})
    return Candidate(variant, call, memory, participant)


@contextmanager
def compiled_or_refused() -> Iterator[None]:
    """Raise if the compiled model falls back to the eager one, which must not be timed as compiled.

    Raises:
        PotentialError: a model could not be compiled within the context.
    """
    warnings = BufferingHandler(capacity=1000)
    warnings.setLevel("WARNING")
    python_backend.logger.addHandler(warnings)
    try:
        yield
    finally:
        python_backend.logger.removeHandler(warnings)
    if warnings.buffer:
        raise PotentialError(warnings.buffer[0].getMessage())
