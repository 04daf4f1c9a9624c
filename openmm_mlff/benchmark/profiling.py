"""Time of one step by operators of the model and by stages of the step."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch.profiler import ProfilerActivity, profile

from openmm_mlff.benchmark.blocks import Setting
from openmm_mlff.benchmark.candidates import Candidate
from openmm_mlff.benchmark.entries import Timing
from openmm_mlff.benchmark.rounds import Block

PROFILED_STEPS = 20
TOP_OPERATORS = 12


def step_profile(
    candidate: Candidate, times: Mapping[str, Timing], setting: Setting, *, bare: Timing
) -> dict[str, Any]:
    """Profile one model on one system; ``bare`` is an OpenMM step without forces.

    Returns:
        The identity of the model, and the results of :func:`profile_operators` and
            :func:`stages_of_step`.
    """
    return {
        "model": candidate.variant.spec,
        "backend": candidate.variant.backend,
        "system": setting.molecule.name,
        "platform": setting.platform.name,
        "steps": PROFILED_STEPS,
        **profile_operators(candidate.participant.blocks["model"]),
        "stages": stages_of_step(times, bare=bare),
    }


def profile_operators(block: Block, *, steps: int = PROFILED_STEPS) -> dict[str, Any]:
    """Run a warm block under torch's profiler, whose overhead makes shares meaningful, not times.

    Returns:
        `operator_calls_per_step`, including nested calls, and the `operators` with the largest CPU
            time of their own; `self_cpu_us_per_step` and `share` leave out nested calls.
    """
    # The profiler searches for a GPU and writes to stderr where there is none.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    # Keep the events of the only cycle; without this, torch warns that it keeps no other.
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as found:
        block(steps)
    events = sorted(found.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total_us = sum(event.self_cpu_time_total for event in events)
    return {
        "operator_calls_per_step": sum(event.count for event in events) / steps,
        "operators": [
            {
                "name": event.key,
                "calls_per_step": event.count / steps,
                "self_cpu_us_per_step": event.self_cpu_time_total / steps,
                "share": event.self_cpu_time_total / total_us if total_us > 0.0 else 0.0,
            }
            for event in events[:TOP_OPERATORS]
        ],
    }


def stages_of_step(times: Mapping[str, Timing], *, bare: Timing) -> dict[str, float]:
    """Return the stages of a step, ms, from differences within each round.

    Differences may be negative on a busy machine.

    Returns:
        `model`, a call of the model alone; `integration`, a step without forces; `marshalling`, the
            rest of the step: transfer of positions and forces, Python, locks; `reporters`, the time
            that they add.
    """
    step, model, reporters = (
        np.array(times[kind].blocks) for kind in ("openmm", "model", "reporters")
    )
    return {
        "model": times["model"].median,
        "integration": bare.median,
        "marshalling": float(np.median(step - model - bare.blocks)),
        "reporters": float(np.median(reporters - step)),
    }
