"""Many geometries in one call; what the potential refuses is counted, what is broken is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Evaluation
from openmm_mlff.probes.model import ProbeSubject

_REASONS_KEPT = 10


@dataclass(frozen=True)
class Points:
    """Energies and forces at several geometries.

    Attributes:
        energies_ev: (G,); NaN where refused.
        forces_ev_per_angstrom: (G, N, 3); NaN where refused.
        refused: bool (G,), where the potential said that it cannot answer.
        reasons: why, for the first of them.
    """

    energies_ev: np.ndarray
    forces_ev_per_angstrom: np.ndarray
    refused: np.ndarray
    reasons: tuple[str, ...] = ()

    def refusals(self) -> Mapping[str, Any]:
        """Give what is recorded about refusals."""
        return {
            "requested": len(self.refused),
            "refused": int(self.refused.sum()),
            "refusals": list(self.reasons),
        }


def evaluate_each(
    subject: ProbeSubject, molecule: MolecularSystem, positions_angstrom: np.ndarray
) -> Points:
    """Evaluate geometries in one call; where one is refused, one by one.

    Args:
        subject: what is probed.
        molecule: which atoms; not necessarily those of the subject.
        positions_angstrom: (G, N, 3), Å.

    Returns:
        Energies and forces in the order of the geometries.

    Raises:
        PotentialError: the potential gave arrays of another shape.
    """
    try:
        found = _evaluate(subject, molecule, positions_angstrom)
        return Points(
            found.energies_ev,
            found.forces_ev_per_angstrom,
            refused=np.zeros(len(positions_angstrom), dtype=bool),
        )
    except EvaluationRefusedError:
        return _one_by_one(subject, molecule, positions_angstrom)


def _one_by_one(
    subject: ProbeSubject, molecule: MolecularSystem, positions_angstrom: np.ndarray
) -> Points:
    energies_ev = np.full(len(positions_angstrom), np.nan)
    forces = np.full(positions_angstrom.shape, np.nan)
    refused = np.zeros(len(positions_angstrom), dtype=bool)
    reasons: list[str] = []
    for index in range(len(positions_angstrom)):
        try:
            found = _evaluate(subject, molecule, positions_angstrom[index : index + 1])
        except EvaluationRefusedError as refusal:
            refused[index] = True
            reasons.append(f"geometry {index}: {refusal}")
        else:
            energies_ev[index] = found.energies_ev[0]
            forces[index] = found.forces_ev_per_angstrom[0]
    return Points(energies_ev, forces, refused, tuple(reasons[:_REASONS_KEPT]))


def _evaluate(
    subject: ProbeSubject, molecule: MolecularSystem, positions_angstrom: np.ndarray
) -> Evaluation:
    """Evaluate, and see that there is one energy a geometry and one force an atom."""
    found = subject.potential.evaluate(molecule, positions_angstrom, precision=subject.precision)
    energies_ev = np.asarray(found.energies_ev, dtype=float)
    forces = np.asarray(found.forces_ev_per_angstrom, dtype=float)
    if energies_ev.shape != (len(positions_angstrom),) or forces.shape != positions_angstrom.shape:
        raise PotentialError(
            f"{subject.potential.spec} gave energies of shape {energies_ev.shape} and forces of "
            f"shape {forces.shape} for {len(positions_angstrom)} geometries of "
            f"{molecule.n_atoms} atoms; expected {(len(positions_angstrom),)} and "
            f"{positions_angstrom.shape}"
        )
    return Evaluation(energies_ev, forces)
