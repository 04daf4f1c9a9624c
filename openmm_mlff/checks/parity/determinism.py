"""Does the same geometry always give the same energy and forces?"""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import largest, largest_norm
from openmm_mlff.config import GPU_PLATFORMS, Limits
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

SMALLEST_ENERGY_SCALE_EV = 1.0
SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM = 0.1
"""Below these, differences are taken relative to these: a zero of energy is no scale."""


@record
class Record:
    """Repeated evaluations of one geometry in one OpenMM Context.

    Attributes:
        platform: of OpenMM.
        dtype: of the weights.
        energies_ev: one for each call.
        forces: eV/Å.
        refusals: why the potential refused a geometry; there are no calls then.
    """

    platform: str
    dtype: str
    energies_ev: np.ndarray = array("calls")
    forces: np.ndarray = array("calls", "N", 3)
    refusals: tuple[str, ...] = ()


def measure(subject: "Subject") -> Record:
    """Evaluate x1, x2, x1, x2, ... in one Context and keep what was computed for x1."""
    pair = subject.displaced(2)
    known = subject.evaluate(pair)
    repeats = 0 if known.refused.any() else subject.spec.repeats
    found = subject.paths.in_openmm(np.tile(pair, (repeats, 1, 1)))
    return Record(
        platform=subject.platform.name,
        dtype=subject.dtype,
        energies_ev=found.energies_ev[::2],
        forces=found.forces_ev_per_angstrom.reshape(-1, *pair.shape[1:])[::2],
        refusals=known.reasons,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the repeats; on a GPU, whose sums run in changing order, the forces alone."""
    energies_ev, forces = record.energies_ev, record.forces
    if len(forces) < 2:
        reason = "the potential refused it" if record.refusals else "it was evaluated only once"
        return inconclusive(
            f"one geometry was to be evaluated again and again, and {reason}",
            evidence={"refusals": list(record.refusals)},
        )
    with np.errstate(invalid="ignore"):
        energy_ev = largest(energies_ev - energies_ev[0])
        force = largest_norm(forces - forces[0])
    calls = f"over {len(forces)} calls at one geometry"
    if record.platform in GPU_PLATFORMS:
        # An energy that is not a number must not hide behind a criterion for forces.
        value = force if np.isfinite(energy_ev) else float("nan")
        limit = limits["gpu_forces"]
        measures = [Measure(f"{calls} the forces change by up to", value, limit)]
    else:
        limit = limits["cpu_relative"]
        energy_scale = max(largest(energies_ev), SMALLEST_ENERGY_SCALE_EV)
        force_scale = max(largest_norm(forces), SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM)
        measures = [
            Measure(f"{calls} the forces change by a relative", force / force_scale, limit),
            Measure(f"{calls} the energy changes by a relative", energy_ev / energy_scale, limit),
        ]
    return judged(
        measures,
        evidence={
            "platform": record.platform,
            "dtype": record.dtype,
            "calls": len(forces),
            "energy_noise_mev_per_atom": energy_ev * MEV_PER_EV / forces.shape[1],
            "force_noise_ev_per_angstrom": force,
        },
    )


CHECK = Check(
    id="determinism",
    group="parity",
    question="Does the same geometry always give the same energy and forces?",
    formula="max |F_r − F_1| / max |F|, max |E_r − E_1| / |E| (on a GPU max |F_r − F_1|)",
    unit="ratio",
    limits={"cpu_relative": "ratio", "gpu_forces": "eV/Å"},
    source="rounding; dropout, state kept between calls and stale neighbour lists exceed it",
    consequence="The forces depend on what was evaluated before (dropout left on, state kept, a "
    "stale neighbour list): energy is not conserved and no run can be repeated.",
    remedy="Put the model into evaluation mode before exporting it, and look for buffers or "
    "neighbour lists that survive a call.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum",),
)
