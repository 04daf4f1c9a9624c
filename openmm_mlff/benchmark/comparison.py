"""Convert the times of one system to entries; pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openmm_mlff.benchmark.blocks import Setting
from openmm_mlff.benchmark.candidates import Candidate
from openmm_mlff.benchmark.entries import BenchmarkEntry, Ratio, ReplicaEntry, Timing
from openmm_mlff.benchmark.model_blocks import device_of
from openmm_mlff.benchmark.plan import PLAIN
from openmm_mlff.benchmark.replicas import KIND, Replicas
from openmm_mlff.benchmark.rounds import Times
from openmm_mlff.benchmark.statistics import per_replica, ratio, speedup
from openmm_mlff.benchmark.variants import Variant
from openmm_mlff.units import ns_per_day


def entries_of(
    candidates: Mapping[str, Candidate], times: Times, setting: Setting, *, reference: str
) -> Iterator[BenchmarkEntry]:
    """Yield one entry per candidate; ``reference`` is the spec that speedups are relative to."""
    steps: dict[str, dict[str, Timing]] = {}
    ase: dict[str, Timing] = {}
    for label, one in candidates.items():
        steps.setdefault(one.variant.spec, {})[one.variant.backend] = times[label]["openmm"]
        if "ase" in times[label]:
            ase[one.variant.spec] = times[label]["ase"]
    of_reference = steps[reference]
    for label, one in candidates.items():
        own, step = steps[one.variant.spec], times[label]["openmm"]
        potential = one.variant.potential
        same_backend = of_reference.get(one.variant.backend)
        yield BenchmarkEntry(
            **_identity(one.variant, setting, ms_per_step=step.median),
            sha256=potential.sha256,
            n_parameters=potential.n_parameters,
            torch_device=device_of(one.variant, setting),
            steps_per_block=one.participant.steps,
            openmm_ms_per_step=step,
            reporters_ms_per_step=times[label]["reporters"],
            ase_ms_per_step=ase[potential.spec],
            model_ms_per_call=times[label]["model"],
            model_call=one.model_call,
            **vars(one.memory),
            speedup_over_original=speedup(same_backend or next(iter(of_reference.values())), step),
            ratios=entry_ratios(times[label], plain=own.get(PLAIN)),
            fastest=step.median == min(timing.median for timing in own.values()),
        )


def replica_entries(
    ready: Sequence[Replicas], candidates: Mapping[str, Candidate], times: Times, setting: Setting
) -> Iterator[ReplicaEntry]:
    """Yield one entry for each model and number of replicas."""
    for one in ready:
        step = times[one.name][KIND]
        each = per_replica(step, one.count)
        yield ReplicaEntry(
            **_identity(candidates[one.label].variant, setting, ms_per_step=each.median),
            replicas=one.count,
            ms_per_step=step,
            ms_per_replica_step=each,
            gain=ratio(times[one.label]["openmm"], each),
        )


def _identity(variant: Variant, setting: Setting, *, ms_per_step: float) -> dict[str, Any]:
    """Return the fields of :class:`openmm_mlff.benchmark.entries.Entry`."""
    return {
        "model": variant.spec,
        "backend": variant.backend,
        "system": setting.molecule.name,
        "n_atoms": setting.molecule.n_atoms,
        "platform": setting.platform.name,
        "precision": setting.precision,
        "threads": setting.plan.threads,
        "ns_per_day": ns_per_day(ms_per_step, timestep_fs=setting.plan.timestep_fs),
    }


def entry_ratios(times: Mapping[str, Timing], *, plain: Timing | None) -> dict[str, Ratio]:
    """Return ratios of times within one run, which are robust to other load.

    ``times`` are ``openmm``, ``reporters`` and ``model``; ``plain`` is a step of the plain export,
    None where not measured.

    Returns:
        ``step_over_model`` and ``reporters_over_model``: overhead of OpenMM and of writing (1
            without overhead); ``plain_over_step``: speedup over the plain export.
    """
    step, model = times["openmm"], times["model"]
    ratios = {
        "step_over_model": ratio(step, model),
        "reporters_over_model": ratio(times["reporters"], model),
    }
    return ratios if plain is None else {**ratios, "plain_over_step": ratio(plain, step)}
