"""Does the same geometry always give the same energy and forces?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import largest, largest_norm
from openmm_mlff.config import Limits, Threshold
from openmm_mlff.results import Status
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV, RATIO

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

    Then evaluate x1 and a stretched geometry in several orders with new instances on every path.
    """
    pair = subject.displaced(2)
    known = subject.evaluate(pair)
    repeats = 0 if known.refused.any() else subject.spec.repeats
    found = subject.paths.in_openmm(np.tile(pair, (repeats, 1, 1)))
    orders, histories = subject.paths.histories(pair[0]) if repeats else (np.empty((0, 0)), [])
    shape = len(histories), *orders.shape
    forces = np.array([each.forces_ev_per_angstrom for each in histories])
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

    Limits (ratio): ``cpu_relative`` of energies and ``history_forces``, which is wider: an SCF that
    starts from the density of the geometry before ends elsewhere within its convergence; on a GPU,
    which sums in changing order, ``gpu_forces`` (eV/Å) and ``gpu_energy`` (meV/atom).
    """
    calls = len(record.forces)
    if calls < 2:
        reason = "the potential refused it" if record.refusals else "it was evaluated only once"
        reason = f"one geometry could not be evaluated repeatedly: {reason}"
        return inconclusive(reason, evidence={"refusals": list(record.refusals)})
    on_gpu = limits["gpu_forces"], limits["gpu_energy"]
    on_cpu = limits["history_forces"], limits["cpu_relative"]
    measures = _compared(
        record.energies_ev,
        record.forces,
        orders=np.zeros(calls),
        clause=f"evaluating one geometry {calls} times changes",
        allowed=on_gpu if record.on_gpu else on_cpu,
    )
    for index, path in enumerate(record.paths):
        measures += _compared(
            record.history_energies_ev[index],
            record.history_forces[index],
            orders=record.orders,
            clause="evaluating two geometries in different orders with new instances "
            f"({path}) changes",
            allowed=on_gpu if record.path_on_gpu[index] else on_cpu,
        )
    evidence = {"platform": record.platform, "dtype": record.dtype, "calls": calls}
    judgement = judged(measures, evidence=evidence)
    if record.paths or judgement.status is Status.FAIL:
        return judgement
    reason = "the potential refused every stretched geometry, so no order of calls was tried"
    return inconclusive(reason, evidence=judgement.evidence)


def _compared(
    energies_ev: np.ndarray,
    forces: np.ndarray,
    *,
    orders: np.ndarray,
    clause: str,
    allowed: tuple[Threshold, Threshold],
) -> list[Measure]:
    """Compare energies and forces (..., N, 3) where they are of the same geometry of `orders`.

    Limits of forces and energies that are ratios are of the largest magnitude.
    """
    alike = [orders == geometry for geometry in np.unique(orders)]
    with np.errstate(invalid="ignore"):
        # np.max returns NaN where one is NaN.
        force = float(np.max([largest_norm(forces[k] - forces[k][0]) for k in alike]))
        energy = float(np.max([largest(energies_ev[k] - energies_ev[k][0]) for k in alike]))
    force_limit, energy_limit = allowed
    by, force_scale, energy_scale = "up to", 1.0, forces.shape[-2] / MEV_PER_EV
    if force_limit.unit == RATIO:
        by = "a ratio of"
        force_scale = max(largest_norm(forces), SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM)
        energy_scale = max(largest(energies_ev), SMALLEST_ENERGY_SCALE_EV)
    return [
        Measure(f"{clause} the forces by {by}", force / force_scale, force_limit),
        Measure(f"{clause} the energy by {by}", energy / energy_scale, energy_limit),
    ]


CHECK = define(
    __name__,
    formula="max |F_r − F_1| / max |F|, max |E_r − E_1| / |E| (on a GPU max |F_r − F_1|, "
    "|E_r − E_1| / N), over calls of one instance and over new instances called in other orders",
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
    needs=("minimum",),
)
