"""Where the time of one step goes: the operators of the model, the stages of the step."""

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
        name: as torch calls it, e.g. ``aten::addmm``.
        calls_per_step: how often it is called.
        self_cpu_us_per_step: its own time, without what it calls.
        share: of the own time of all operators.
    """

    name: str
    calls_per_step: float
    self_cpu_us_per_step: float
    share: float


@dataclass(frozen=True)
class Stages:
    """What a step consists of, ms; differences may come out below zero on a busy machine.

    Attributes:
        model: a call of the model alone.
        integration: a step of OpenMM on the same platform without any force.
        marshalling: the rest of the step: handing over positions and forces, Python, locks.
        reporters: what the reporters of the protocol add to a step.
    """

    model: float
    integration: float
    marshalling: float
    reporters: float


@dataclass(frozen=True)
class StepProfile:
    """The profile of one model on one system.

    Attributes:
        model: its spec string.
        backend: how OpenMM runs it.
        system: name of the molecule.
        platform: OpenMM platform.
        steps: calls that were profiled.
        operator_calls_per_step: of all operators, also those that operators call.
        operators: those with most own time, descending.
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
    """What the profiler counted of one operator.

    Attributes:
        key: its name.
        count: calls.
        self_cpu_time_total: µs, without what it calls.
    """

    key: str
    count: int
    self_cpu_time_total: float


def profile_operators(
    block: Block, *, steps: int = PROFILED_STEPS, top: int = TOP_OPERATORS
) -> tuple[float, tuple[OperatorTime, ...]]:
    """Run a block under torch's profiler, which makes it slower: shares count, not times.

    Args:
        block: calls of the model alone, warm.
        steps: how many.
        top: how many operators are kept.

    Returns:
        Calls of all operators per step, and the operators with most own time.
    """
    # The profiler looks for a GPU and writes to stderr where there is none.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    # Events of the one cycle that there is; without this, torch warns that it keeps no other.
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
    """Turn the profiler's sums into numbers per step.

    Args:
        events: with ``key``, ``count`` and ``self_cpu_time_total`` (µs).
        steps: that were profiled.
        top: how many operators are kept.

    Returns:
        Calls of all operators per step, and the operators with most own time.
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
    """Take a step apart by differences, taken within each round and only then summarised.

    Args:
        step: through OpenMM.
        model: a call of the model alone.
        bare: an OpenMM step without forces.
        reporters: a step with reporters.

    Returns:
        The stages, ms.
    """
    steps, models, bares = (np.array(one.blocks) for one in (step, model, bare))
    return Stages(
        model=model.median,
        integration=bare.median,
        marshalling=float(np.median(steps - models - bares)),
        reporters=float(np.median(np.array(reporters.blocks) - steps)),
    )
