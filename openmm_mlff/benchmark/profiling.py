"""Time of one step by operators of the model and by stages of the step."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch.profiler import ProfilerActivity, profile

from openmm_mlff.benchmark.blocks import Block
from openmm_mlff.benchmark.entries import Timing

PROFILED_STEPS = 20
TOP_OPERATORS = 12


@dataclass(frozen=True)
class OperatorTime:
    """One operator of the model.

    Attributes:
        name: as in torch, e.g. ``aten::addmm``.
        self_cpu_us_per_step: without nested calls.
        share: of the self time of all operators.
    """

    name: str
    calls_per_step: float
    self_cpu_us_per_step: float
    share: float


@dataclass(frozen=True)
class Stages:
    """Components of a step, ms; differences may be negative on a busy machine.

    Attributes:
        model: a call of the model alone.
        integration: a step of OpenMM on the same platform without forces.
        marshalling: the rest of the step: transfer of positions and forces, Python, locks.
        reporters: added by the reporters of the protocol.
    """

    model: float
    integration: float
    marshalling: float
    reporters: float


@dataclass(frozen=True)
class StepProfile:
    """The profile of one model on one system.

    Attributes:
        steps: number of profiled calls.
        operator_calls_per_step: of all operators, including nested calls.
        operators: those with the largest self time, descending.
        stages: of a step, measured without the profiler.
    """

    model: str
    backend: str
    system: str
    platform: str
    steps: int
    operator_calls_per_step: float
    operators: tuple[OperatorTime, ...]
    stages: Stages


@dataclass(frozen=True)
class OperatorSum:
    """Sums of the profiler for one operator.

    Attributes:
        count: number of calls.
        self_cpu_time_total: µs, without nested calls.
    """

    key: str
    count: int
    self_cpu_time_total: float


def profile_operators(
    block: Block, *, steps: int = PROFILED_STEPS, top: int = TOP_OPERATORS
) -> tuple[float, tuple[OperatorTime, ...]]:
    """Run a warm block under torch's profiler, whose overhead makes shares meaningful, not times.

    Returns:
        Calls of all operators per step, and the ``top`` operators by self time.
    """
    # The profiler searches for a GPU and writes to stderr where there is none.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    # Keep the events of the only cycle; without this, torch warns that it keeps no other.
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as found:
        block(steps)
    events = [
        OperatorSum(event.key, event.count, event.self_cpu_time_total)
        for event in found.key_averages()
    ]
    return summarise_operators(events, steps=steps, top=top)


def summarise_operators(
    events: Sequence[OperatorSum], *, steps: int, top: int
) -> tuple[float, tuple[OperatorTime, ...]]:
    """Convert the sums of the profiler to values per step.

    Returns:
        Calls of all operators per step, and the ``top`` operators by self time.
    """
    total_us = sum(event.self_cpu_time_total for event in events)
    ordered = sorted(events, key=lambda event: -event.self_cpu_time_total)
    operators = tuple(
        OperatorTime(
            name=event.key,
            calls_per_step=event.count / steps,
            self_cpu_us_per_step=event.self_cpu_time_total / steps,
            share=event.self_cpu_time_total / total_us if total_us > 0.0 else 0.0,
        )
        for event in ordered[:top]
    )
    return sum(event.count for event in events) / steps, operators


def stages_of_step(*, step: Timing, model: Timing, bare: Timing, reporters: Timing) -> Stages:
    """Return the stages of a step, ms, from differences within each round, then summarised.

    ``step`` is with OpenMM, ``model`` the model alone, ``bare`` an OpenMM step without forces and
    ``reporters`` a step with reporters.
    """
    steps, models, bares = (np.array(one.blocks) for one in (step, model, bare))
    return Stages(
        model=model.median,
        integration=bare.median,
        marshalling=float(np.median(steps - models - bares)),
        reporters=float(np.median(np.array(reporters.blocks) - steps)),
    )
