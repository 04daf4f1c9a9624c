"""Does the same geometry always give the same energy and forces?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import largest, largest_norm
from openmm_mlff.config import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

SMALLEST_ENERGY_SCALE_EV = 1.0
SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM = 0.1
"""Below these, differences are taken relative to these: a zero of energy is no scale."""


@record
class Record:
    """Repeated evaluations of one geometry in one OpenMM Context, and the answers of new instances.

    Attributes:
        on_gpu: whether the Context ran on a GPU.
        platform: of OpenMM.
        dtype: of the weights.
        energies_ev: one for each call.
        forces: eV/Å.
        refusals: why the potential refused a geometry; there are no calls then.
        paths: through which new instances were asked: directly, and by each platform.
        path_on_gpu: whether each ran on a GPU.
        orders: which of two geometries each call of an instance was about.
        history_energies_ev: of a new instance for each path and order.
        history_forces: eV/Å.
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


def measure(subject: "Subject") -> Record:
    """Evaluate x1, x2, x1, x2, ... in one Context and keep what was computed for x1.

    Then ask new instances, which were never warmed, about x1 and a stretched geometry in different
    orders, directly and on every platform.

    Args:
        subject: what is measured.

    Returns:
        Energies and forces.
    """
    pair = subject.displaced(2)
    known = subject.evaluate(pair)
    repeats = 0 if known.refused.any() else subject.spec.repeats
    found = subject.paths.in_openmm(np.tile(pair, (repeats, 1, 1)))
    orders, histories = subject.paths.histories(pair[0]) if repeats else (np.empty((0, 0)), [])
    shape = len(histories), *orders.shape
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
        history_forces=np.array([each.forces for each in histories]).reshape(
            *shape, *pair.shape[1:]
        ),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the repeats with each other, and the answers of new instances.

    Args:
        record: energies and forces.
        limits: ``cpu_relative``, ``history_forces`` (ratio); on a GPU, whose sums run in changing
            order, ``gpu_forces`` (eV/Å) and ``gpu_energy`` (meV/atom).

    Returns:
        PASS or FAIL; INCONCLUSIVE where the potential refused the geometries, and where nothing
        failed but the stretched geometry was refused, so that no history was tried.
    """
    if len(record.forces) < 2:
        reason = "the potential refused it" if record.refusals else "it was evaluated only once"
        return inconclusive(
            f"one geometry was to be evaluated again and again, and {reason}",
            evidence={"refusals": list(record.refusals)},
        )
    calls = f"over {len(record.forces)} calls at one geometry"
    repeats = _Answers(record.energies_ev, record.forces, np.zeros(len(record.forces)))
    measures = repeats.measures(calls, limits=limits, on_gpu=record.on_gpu, forces="cpu_relative")
    evidence: dict[str, Any] = {
        "platform": record.platform,
        "dtype": record.dtype,
        "calls": len(record.forces),
        **repeats.evidence(),
        "history": {},
    }
    for index, path in enumerate(record.paths):
        answers = _Answers(
            record.history_energies_ev[index].ravel(),
            record.history_forces[index].reshape(-1, *record.forces.shape[1:]),
            record.orders.ravel(),
        )
        asked = f"asked about two geometries in different orders, new instances ({path}) change"
        on_gpu = record.path_on_gpu[index]
        measures += answers.measures(asked, limits=limits, on_gpu=on_gpu, forces="history_forces")
        evidence["history"][path] = answers.evidence() | {
            "energies_ev": record.history_energies_ev[index]
        }
    judgement = judged(measures, evidence=evidence)
    if record.paths or judgement.status is Status.FAIL:
        return judgement
    reason = "the potential refused every stretched geometry, so that no history could be tried"
    return inconclusive(reason, evidence=judgement.evidence)


@dataclass(frozen=True)
class _Answers:
    """Answers that are to be equal where they are about the same geometry.

    Attributes:
        energies_ev: (A,).
        forces: (A, N, 3), eV/Å.
        about: which geometry each is about, (A,).
    """

    energies_ev: np.ndarray
    forces: np.ndarray
    about: np.ndarray

    def spread(self) -> tuple[float, float]:
        """Return the largest differences of energy, eV, and of forces, eV/Å."""
        alike = [np.flatnonzero(self.about == geometry) for geometry in np.unique(self.about)]
        with np.errstate(invalid="ignore"):
            energies = [largest(self.energies_ev[k] - self.energies_ev[k[0]]) for k in alike]
            forces = [largest_norm(self.forces[k] - self.forces[k[0]]) for k in alike]
        # np.max, for NaN must win.
        return float(np.max(energies)), float(np.max(forces))

    def measures(self, opening: str, *, limits: Limits, on_gpu: bool, forces: str) -> list[Measure]:
        """Return forces and energy with their limits."""
        energy_ev, force = self.spread()
        if on_gpu:
            per_atom = energy_ev * MEV_PER_EV / self.forces.shape[1]
            return [
                Measure(f"{opening} the forces by up to", force, limits["gpu_forces"]),
                Measure(f"{opening} the energy by up to", per_atom, limits["gpu_energy"]),
            ]
        energy_scale = max(largest(self.energies_ev), SMALLEST_ENERGY_SCALE_EV)
        force_scale = max(largest_norm(self.forces), SMALLEST_FORCE_SCALE_EV_PER_ANGSTROM)
        relative = energy_ev / energy_scale
        return [
            Measure(f"{opening} the forces by a relative", force / force_scale, limits[forces]),
            Measure(f"{opening} the energy by a relative", relative, limits["cpu_relative"]),
        ]

    def evidence(self) -> dict[str, float]:
        """Return both differences."""
        energy_ev, force = self.spread()
        return {
            "energy_noise_mev_per_atom": energy_ev * MEV_PER_EV / self.forces.shape[1],
            "force_noise_ev_per_angstrom": force,
        }


CHECK = Check(
    id="determinism",
    group="parity",
    question="Does the same geometry always give the same energy and forces?",
    formula="max |F_r − F_1| / max |F|, max |E_r − E_1| / |E| (on a GPU max |F_r − F_1|, "
    "|E_r − E_1| / N), over calls of one instance and over new instances asked in different orders",
    unit="ratio",
    limits={
        "cpu_relative": "ratio",
        "history_forces": "ratio",
        "gpu_forces": "eV/Å",
        "gpu_energy": "meV/atom",
    },
    source="rounding; dropout, state kept between calls and stale neighbour lists exceed it",
    consequence="The forces depend on what was evaluated before (dropout left on, state kept, a "
    "stale neighbour list): energy is not conserved and no run can be repeated.",
    remedy="Put the model into evaluation mode before exporting it, and look for buffers or "
    "neighbour lists that survive a call, or that the first call makes for good.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum",),
)
