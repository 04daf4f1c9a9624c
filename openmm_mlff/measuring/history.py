"""Evaluations of the same two geometries in different orders by new instances of a potential."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import openmm

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.potentials import Evaluation
from openmm_mlff.simulation.platforms import PlatformChoice, usable_platforms

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

ORDERS = ((0, 1, 0), (1, 0, 1))
"""Which of the two geometries each call evaluates, for each new instance."""

DIRECT = "called directly"

STRETCHES = (2.0, 1.5, 1.2)
"""All distances of a molecule are multiplied by the first of these that the potential accepts.

At twice its length a bond still lies within every cutoff, and pairs farther apart leave it.
"""

DISPLACEMENT_ANGSTROM = 0.2
"""Standard deviation by which atoms in a box are displaced instead: a box is not stretched."""


@dataclass(frozen=True)
class History:
    """Energies (orders, calls) and forces (orders, calls, N, 3), eV/Å, of new instances.

    The path is :data:`DIRECT`, or the name of a platform.
    """

    path: str
    on_gpu: bool
    energies_ev: np.ndarray
    forces: np.ndarray


def histories(subject: "Subject", placed_angstrom: np.ndarray) -> list[History]:
    """Evaluate a geometry (N, 3), Å, and one far from it, directly and on every platform.

    Each platform has one precision, that of the run where there are several.  There are no
    histories where the potential refuses every geometry far from this one.
    """
    for far in _far_from(subject, placed_angstrom):
        pair = np.stack([placed_angstrom, far])
        try:
            direct = _history(subject, pair, None)
            if np.isfinite(direct.energies_ev).all():
                return [direct] + [_history(subject, pair, each) for each in _platforms(subject)]
        except (EvaluationRefusedError, openmm.OpenMMException):
            # OpenMM passes a refusal on as an exception of its own.
            continue
    return []


def _far_from(subject: "Subject", placed_angstrom: np.ndarray) -> list[np.ndarray]:
    """Return geometries (N, 3), Å, far from another, the farthest first."""
    if subject.molecule.is_periodic:
        rng = np.random.default_rng(subject.seed)
        noise = rng.normal(scale=DISPLACEMENT_ANGSTROM, size=placed_angstrom.shape)
        return [placed_angstrom + noise]
    centre = placed_angstrom.mean(axis=0)
    return [centre + factor * (placed_angstrom - centre) for factor in STRETCHES]


def _platforms(subject: "Subject") -> list[PlatformChoice]:
    system = subject.create_system()
    chosen: dict[str, PlatformChoice] = {}
    for choice in usable_platforms(system, subject.molecule.positions_angstrom):
        if choice.precision == subject.precision or choice.name not in chosen:
            chosen[choice.name] = choice
    return list(chosen.values())


def _history(
    subject: "Subject", placed_angstrom: np.ndarray, platform: PlatformChoice | None
) -> History:
    found = [_evaluate_fresh(subject, placed_angstrom[list(order)], platform) for order in ORDERS]
    return History(
        path=DIRECT if platform is None else platform.name,
        on_gpu=platform is not None and platform.on_gpu,
        energies_ev=np.stack([each.energies_ev for each in found]),
        forces=np.stack([each.forces_ev_per_angstrom for each in found]),
    )


def _evaluate_fresh(
    subject: "Subject", placed_angstrom: np.ndarray, platform: PlatformChoice | None
) -> Evaluation:
    """Evaluate geometries (G, N, 3), Å, in order, by a new instance without a warm-up."""
    fresh = subject.potential.fresh()
    if platform is None:
        return fresh.evaluate(subject.molecule, placed_angstrom, precision=subject.precision)
    system = fresh.create_system(subject.molecule, precision=subject.precision)
    return evaluate_in_openmm(system, None, placed_angstrom, platform=platform)
