"""Convert the times of one system to entries; pure."""

from collections.abc import Mapping
from typing import Any

from openmm_mlff.benchmark.blocks import Setting
from openmm_mlff.benchmark.candidates import Candidate
from openmm_mlff.benchmark.entries import BenchmarkEntry, Ratio, Timing
from openmm_mlff.benchmark.model_blocks import device_of
from openmm_mlff.benchmark.plan import PLAIN
from openmm_mlff.benchmark.rounds import Times
from openmm_mlff.benchmark.statistics import ratio, speedup
from openmm_mlff.benchmark.variants import Variant
from openmm_mlff.units import ns_per_day


def entries_of(
    candidates: Mapping[str, Candidate], times: Times, setting: Setting, *, teacher: Timing | None
) -> list[BenchmarkEntry]:
    """Return one entry per candidate; ``teacher`` is the time of a call of the teacher."""
    steps: dict[str, dict[str, Timing]] = {}
    ase: dict[str, Timing] = {}
    for label, one in candidates.items():
        steps.setdefault(one.variant.spec, {})[one.variant.backend] = times[label]["openmm"]
        if "ase" in times[label]:
            ase[one.variant.spec] = times[label]["ase"]
    reference = steps[setting.reference]
    entries = []
    for label, one in candidates.items():
        own, step = steps[one.variant.spec], times[label]["openmm"]
        potential = one.variant.potential
        entries.append(
            BenchmarkEntry(
                **identity(one.variant, setting, ms_per_step=step.median),
                sha256=potential.sha256,
                n_parameters=potential.n_parameters,
                torch_device=device_of(one.variant, setting),
                threads_chosen=setting.plan.threads is None,
                steps_per_block=one.participant.steps,
                openmm_ms_per_step=step,
                reporters_ms_per_step=times[label]["reporters"],
                ase_ms_per_step=ase[potential.spec],
                model_ms_per_call=times[label]["model"],
                model_call=one.model_call,
                **vars(one.memory),
                speedup_over_original=speedup(
                    reference.get(one.variant.backend) or next(iter(reference.values())), step
                ),
                ratios=entry_ratios(times[label], plain=own.get(PLAIN), teacher=teacher),
                fastest=step.median == min(timing.median for timing in own.values()),
            )
        )
    return entries


def identity(variant: Variant, setting: Setting, *, ms_per_step: float) -> dict[str, Any]:
    """Return the fields of :class:`openmm_mlff.benchmark.entries.Entry`."""
    return {
        "model": variant.spec,
        "backend": variant.backend,
        "system": setting.molecule.name,
        "n_atoms": setting.molecule.n_atoms,
        "platform": setting.platform.name,
        "precision": setting.precision,
        "threads": setting.threads,
        "ns_per_day": ns_per_day(ms_per_step, timestep_fs=setting.plan.timestep_fs),
    }


def entry_ratios(
    times: Mapping[str, Timing], *, plain: Timing | None, teacher: Timing | None
) -> dict[str, Ratio]:
    """Return ratios of times within one run, which are robust to other load.

    ``times`` are ``openmm``, ``reporters`` and ``model``; ``plain`` is a step of the plain export,
    and ``teacher`` a call of the teacher; None where not measured.

    Returns:
        ``step_over_model`` and ``reporters_over_model``: overhead of OpenMM and of writing (1
            without overhead); ``plain_over_step``: speedup over the plain export;
            ``teacher_over_step``: steps per call of the teacher.
    """
    step = times["openmm"]
    pairs = {
        "step_over_model": (step, times["model"]),
        "reporters_over_model": (times["reporters"], times["model"]),
        "plain_over_step": (plain, step),
        "teacher_over_step": (teacher, step),
    }
    return {name: ratio(above, below) for name, (above, below) in pairs.items() if above}
