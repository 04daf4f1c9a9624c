"""Scans of dihedral angles, relaxed by the reference."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from openmm_mlff.checks.base import Subject
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.torsions import Torsion

RELAXED_FORCE_EV_PER_ANGSTROM = 0.03
"""A loose tolerance suffices: both potentials are evaluated at the same geometries, and the rest
shifts both profiles equally."""

RELAXATION_STEPS = 150

FALL_EV = 0.1
"""2.3 kcal/mol; rotation about a single bond by 15° does not lower the energy by so much."""

SAME_ENERGY_EV = 1e-3
"""Points on one branch relax to energies closer than this."""


@dataclass
class TorsionScan:
    """Points on which the reference relaxed all but one dihedral angle."""

    subject: Subject
    torsions: Sequence[Torsion]  # R
    angles: np.ndarray  # (R, A), degrees
    positions_angstrom: np.ndarray = field(init=False)  # (R, A, N, 3)
    energies_ev: np.ndarray = field(init=False)  # the reference's, (R, A), NaN where not usable
    # kind and reason why, by row and column
    faults: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        start = self.subject.molecule.positions_angstrom
        self.positions_angstrom = np.empty((*self.angles.shape, *start.shape))
        self.energies_ev = np.full(self.angles.shape, np.nan)

    def run(self) -> None:
        """Relax at one angle after the other, all bonds together, and go back where it fell.

        Each point starts from the geometry of its neighbour, rotated rigidly: started from the
        minimum, groups that would move out of the way on the path clash, and relax to another
        conformer.  For the same reason no guess of the Hessian is used: its long first steps leave
        the path.

        A path may stay on a branch that is no longer the lowest, as of a twisted amide, until it
        falls off.  From behind such a fall, and behind a point that cannot be used, it is followed
        backward as long as that is lower (as TorsionDrive does: Qiu et al., J. Chem. Phys. 152
        (2020) 244116).
        """
        rows, points = np.arange(len(self.torsions)), self.angles.shape[1]
        here = np.repeat(self.subject.molecule.positions_angstrom[None], len(rows), axis=0)
        for column in range(points):
            self.subject.report("torsion scans", column, points)
            kept = self._relax(rows, column, here)
            here[kept] = self.positions_angstrom[kept, column]
        self.subject.report("torsion scans", points, points)
        is_lower = np.zeros(len(rows), dtype=bool)
        for column in reversed(range(1, points)):
            energies_ev, next_ev = self.energies_ev[:, [column, (column + 1) % points]].T
            fell = np.isnan(energies_ev) | (energies_ev - next_ev > FALL_EV) | is_lower
            back = rows[fell & np.isfinite(next_ev)]
            starts = self.positions_angstrom[back, (column + 1) % points]
            is_lower = self._relax(back, column, starts)

    def _relax(self, rows: np.ndarray, column: int, starts: np.ndarray) -> np.ndarray:
        """Relax some rows at one column from starts (rows, N, 3); keep points that are lower.

        Returned is for each row, (R,), whether its new point was kept.
        """
        kept = np.zeros(len(self.torsions), dtype=bool)
        if not len(rows):
            return kept
        found = self.subject.reference.relax_torsions(
            starts,
            torsions=[self.torsions[row] for row in rows],
            degrees=self.angles[rows, column],
            force_ev_per_angstrom=RELAXED_FORCE_EV_PER_ANGSTROM,
            max_steps=RELAXATION_STEPS,
        )
        largest_forces = found.largest_force_ev_per_angstrom
        columns = rows.tolist(), found.positions_angstrom, found.energies_ev, largest_forces
        for row, placed, energy_ev, largest in zip(*columns, strict=True):
            earlier_ev = self.energies_ev[row, column]
            fault = _fault(self.subject.molecule, placed, largest=largest)
            if fault is None and not earlier_ev <= energy_ev + SAME_ENERGY_EV:
                self.positions_angstrom[row, column] = placed
                self.energies_ev[row, column] = energy_ev
                self.faults.pop((row, column), None)
                kept[row] = True
            elif fault and np.isnan(earlier_ev):
                self.faults[row, column] = fault
        return kept


def _fault(
    molecule: MolecularSystem, positions_angstrom: np.ndarray, *, largest: float
) -> tuple[str, str] | None:
    """Return kind and reason why a relaxed point cannot be used; None where it can."""
    if not np.isfinite(largest):
        return "refused", "the reference refused the geometry"
    if largest > RELAXED_FORCE_EV_PER_ANGSTROM:
        reason = f"not relaxed in {RELAXATION_STEPS} steps, {largest:.2g} eV/Å remain"
        return "unconverged", reason
    if not molecule.keeps_bonds(positions_angstrom):
        return "bonds_changed", "the reference rearranged the bonds"
    return None
