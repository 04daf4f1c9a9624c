"""Does the same geometry always give the same energy and forces?"""

from typing import Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, Subject, inconclusive, judged
from openmm_mlff.checks.inputs import largest, largest_norm
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

SMALLEST_ENERGY_SCALE_EV = 1.0
SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM = 0.1
"""Smallest scales of relative differences: an energy near zero is not a scale."""


@record
class Record:
    """Energies, eV, and forces, eV/Å, of repeated evaluations.

    First one geometry over and over in one OpenMM Context, empty where the potential refused it;
    then two geometries in several orders by new instances, through each of the paths: directly, and
    by platform.
    """

    on_gpu: bool
    platform: str
    dtype: str
    energies_ev: np.ndarray = array("calls")
    forces: np.ndarray = array("calls", "N", 3)
    refusals: tuple[str, ...] = ()
    paths: tuple[str, ...]
    path_on_gpu: tuple[bool, ...]
    orders: np.ndarray = array("orders", "asked")
    history_energies_ev: np.ndarray = array("paths", "orders", "asked")
    history_forces: np.ndarray = array("paths", "orders", "asked", "N", 3)


def measure(subject: Subject) -> Record:
    """Evaluate x1, x2, x1, x2, ... in one Context and keep what was computed for x1.

    Then evaluate x1 and a stretched geometry in different orders with new instances, without a
    warm-up, directly and on every platform.
    """
    pair = subject.displaced(2)
    known = subject.evaluate(pair)
    repeats = 0 if known.refused.any() else subject.spec.repeats
    found = subject.paths.in_openmm(np.tile(pair, (repeats, 1, 1)))
    orders, histories = subject.paths.histories(pair[0]) if repeats else (np.empty((0, 0)), [])
    shape = len(histories), *orders.shape
    forces = np.array([each.forces for each in histories])
    return Record(
        on_gpu=subject.platform.on_gpu,
        platform=subject.platform.name,
        dtype=subject.dtype,
        energies_ev=found.energies_ev[::2],
        forces=found.forces_ev_per_angstrom.reshape(-1, *pair.shape[1:])[::2],
        refusals=known.reasons,
        paths=tuple(each.path for each in histories),
        path_on_gpu=tuple(each.on_gpu for each in histories),
        orders=orders,
        history_energies_ev=np.array([each.energies_ev for each in histories]).reshape(shape),
        history_forces=forces.reshape(*shape, *pair.shape[1:]),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the repeated evaluations, and those of new instances, with each other.

    INCONCLUSIVE where the potential refused the geometries, and where nothing failed but every
    stretched geometry was refused.  Limits: ``cpu_relative``, ``history_forces`` (ratio); on a GPU,
    which sums in changing order, ``gpu_forces`` (eV/Å) and ``gpu_energy`` (meV/atom).
    """
    calls = len(record.forces)
    if calls < 2:
        reason = "the potential refused it" if record.refusals else "it was evaluated only once"
        return inconclusive(
            f"one geometry could not be evaluated repeatedly: {reason}",
            evidence={"refusals": list(record.refusals)},
        )
    measures, noise = _compared(
        record.energies_ev,
        record.forces,
        about=np.zeros(calls),
        clause=f"evaluating one geometry {calls} times changes",
        limits=limits,
        on_gpu=record.on_gpu,
        force_limit="cpu_relative",
    )
    history = {}
    for index, path in enumerate(record.paths):
        energies_ev, forces = record.history_energies_ev[index], record.history_forces[index]
        found, changes = _compared(
            energies_ev.ravel(),
            forces.reshape(-1, *record.forces.shape[1:]),
            about=record.orders.ravel(),
            clause=f"evaluating two geometries in other orders with new instances ({path}) changes",
            limits=limits,
            on_gpu=record.path_on_gpu[index],
            force_limit="history_forces",
        )
        measures += found
        history[path] = changes | {"energies_ev": energies_ev}
    evidence = {"platform": record.platform, "dtype": record.dtype, "calls": calls}
    judgement = judged(measures, evidence=evidence | noise | {"history": history})
    if record.paths or judgement.status is Status.FAIL:
        return judgement
    reason = "the potential refused every stretched geometry, so no order of calls was tried"
    return inconclusive(reason, evidence=judgement.evidence)


def _compared(
    energies_ev: np.ndarray,
    forces: np.ndarray,
    *,
    about: np.ndarray,
    clause: str,
    limits: Limits,
    on_gpu: bool,
    force_limit: str,
) -> tuple[list[Measure], dict[str, Any]]:
    """Compare A energies and forces (A, N, 3) where they are about the same geometry.

    Returns:
        Measures and evidence; off a GPU the measures are relative to the largest magnitude.
    """
    alike = [np.flatnonzero(about == geometry) for geometry in np.unique(about)]
    with np.errstate(invalid="ignore"):
        # np.max returns NaN where one is NaN.
        energy_ev = float(np.max([largest(energies_ev[k] - energies_ev[k[0]]) for k in alike]))
        force = float(np.max([largest_norm(forces[k] - forces[k[0]]) for k in alike]))
    per_atom = energy_ev * MEV_PER_EV / forces.shape[1]
    if on_gpu:
        measures = [
            Measure(f"{clause} the forces by up to", force, limits["gpu_forces"]),
            Measure(f"{clause} the energy by up to", per_atom, limits["gpu_energy"]),
        ]
    else:
        force_scale = max(largest_norm(forces), SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM)
        relative = energy_ev / max(largest(energies_ev), SMALLEST_ENERGY_SCALE_EV)
        measures = [
            Measure(f"{clause} the forces by a ratio of", force / force_scale, limits[force_limit]),
            Measure(f"{clause} the energy by a ratio of", relative, limits["cpu_relative"]),
        ]
    return measures, {"energy_noise_mev_per_atom": per_atom, "force_noise_ev_per_angstrom": force}


CHECK = Check(
    id="determinism",
    group="parity",
    question="Does the same geometry always give the same energy and forces?",
    formula="max |F_r − F_1| / max |F|, max |E_r − E_1| / |E| (on a GPU max |F_r − F_1|, "
    "|E_r − E_1| / N), over calls of one instance and over new instances called in other orders",
    unit="ratio",
    limits={
        "cpu_relative": "ratio",
        "history_forces": "ratio",
        "gpu_forces": "eV/Å",
        "gpu_energy": "meV/atom",
    },
    source="rounding; dropout, state kept between calls and stale neighbour lists exceed it",
    consequence="The forces depend on earlier evaluations (active dropout, kept state, a stale "
    "neighbour list): energy is not conserved and no run can be repeated.",
    remedy="Set the model to evaluation mode before exporting it, and look for buffers or "
    "neighbour lists that are kept from one call to the next.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum",),
)
