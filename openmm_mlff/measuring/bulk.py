"""What is measured of a periodic box only: its change of shape, g(r) by MDTraj, diffusion."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import mdtraj
import numpy as np
import openmm
from ase import Atoms
from scipy.sparse import csr_matrix

from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.molecules.boxes import molecule_labels
from openmm_mlff.molecules.system import box_widths_angstrom
from openmm_mlff.potentials import Potential
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.units import nm_from_angstrom

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

BIN_ANGSTROM = 0.05
MOST_PAIRS = 100_000
"""Of two elements; of more, those of some atoms of the first are enough."""


@dataclass(frozen=True)
class RadialDistribution:
    """g(r) of P pairs of elements in K blocks of frames and B bins.

    Attributes:
        pairs: names, (P,).
        r_angstrom: middles of the bins, which are 0.05 Å wide, (B,).
        g: (P, K, B).
        partners_per_cubic_angstrom: atoms of the second element, in other molecules than an atom of
            the first, per volume of the box, (P,).
    """

    pairs: tuple[str, ...]
    r_angstrom: np.ndarray
    g: np.ndarray
    partners_per_cubic_angstrom: np.ndarray


class Bulk:
    """A subject with a periodic box.

    Attributes:
        labels: (N,), the lowest atom of each atom's molecule; itself in a network.
    """

    def __init__(self, subject: "Subject") -> None:
        molecule = subject.molecule
        self._subject, self._molecule = subject, molecule
        self._cell = np.array(molecule.cell_angstrom)
        self.labels = molecule_labels(
            molecule.bonds, positions_angstrom=molecule.positions_angstrom, cell_angstrom=self._cell
        )

    def compressed(
        self, placed_angstrom: np.ndarray, dense_angstrom: np.ndarray, *, cell_angstrom: np.ndarray
    ) -> tuple[float, float] | NotApplicable:
        """Compress the box in OpenMM and return its energy, eV, and that of a new instance.

        Positions (N, 3), Å, before and after; the cell, (3, 3), is that after.
        """
        subject = self._subject
        dense = self._molecule.with_cell(cell_angstrom, positions_angstrom=dense_angstrom)
        cells = np.stack([self._cell, cell_angstrom])
        try:
            placed = np.stack([placed_angstrom, dense_angstrom])
            used = subject.paths.in_openmm(placed, cells_angstrom=cells)
            fresh = subject.potential.fresh().create_system(dense, precision=subject.precision)
            new = evaluate_in_openmm(fresh, dense, dense_angstrom[None], platform=subject.platform)
        except (PotentialError, openmm.OpenMMException) as refusal:
            return NotApplicable(f"the compressed box was refused ({refusal})")
        return float(used.energies_ev[1]), float(new.energies_ev[0])

    def centres(
        self, positions_angstrom: np.ndarray, *, by_mass: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the molecules' centres, (..., M, 3), Å, at positions (..., N, 3).

        Returns:
            The centres, of mass or of the positions, and for each atom the index of its molecule.
        """
        _, index = np.unique(self.labels, return_inverse=True)
        weights = self._molecule.masses_amu if by_mass else np.ones(len(index))
        sums = csr_matrix((weights, (index, np.arange(len(index)))))
        shares = sums.multiply(1.0 / sums.sum(axis=1)).tocsr()
        flat = np.moveaxis(positions_angstrom, -2, 0)
        found = shares @ flat.reshape(len(index), -1)
        return np.moveaxis(found.reshape(-1, *flat.shape[1:]), 0, -2), index

    def species(self) -> list[tuple[str, np.ndarray]]:
        """Return the formula of each kind of molecule, the commonest first, and its molecules."""
        _, index = np.unique(self.labels, return_inverse=True)
        numbers = self._molecule.atomic_numbers
        molecules = (Atoms(numbers[index == one]) for one in range(index.max() + 1))
        formulas = np.array([atoms.get_chemical_formula("hill") for atoms in molecules])
        return [
            (str(name), np.flatnonzero(formulas == name))
            for name, _ in Counter(formulas.tolist()).most_common()
        ]

    def radial_distribution(
        self, positions_angstrom: np.ndarray, *, blocks: int
    ) -> RadialDistribution:
        """Return g(r) of each pair of elements, between molecules, of frames (F, N, 3)."""
        symbols, labels = np.array(self._molecule.symbols), self.labels
        half_angstrom = 0.5 * float(box_widths_angstrom(self._cell).min())
        names, partners, found = [], [], []
        for one, other in combinations_with_replacement(sorted(set(symbols)), 2):
            first, second = np.flatnonzero(symbols == one), np.flatnonzero(symbols == other)
            first = first[: max(1, MOST_PAIRS // len(second))]
            pairs = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
            pairs = pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]]
            if not len(pairs):
                continue
            names.append(f"{one}–{other}")
            partners.append(len(pairs) / len(first))
            parts = np.array_split(positions_angstrom, blocks)
            found.append([self._radial(part, pairs, end_angstrom=half_angstrom) for part in parts])
        volume = float(np.linalg.det(self._cell))
        bins = int(half_angstrom / BIN_ANGSTROM)
        return RadialDistribution(
            pairs=tuple(names),
            r_angstrom=(np.arange(bins) + 0.5) * BIN_ANGSTROM,
            g=np.array(found).reshape(len(names), blocks, bins),
            partners_per_cubic_angstrom=np.array(partners) / volume,
        )

    def _radial(
        self, positions_angstrom: np.ndarray, pairs: np.ndarray, *, end_angstrom: float
    ) -> np.ndarray:
        trajectory = mdtraj.Trajectory(nm_from_angstrom(positions_angstrom), topology=None)
        cells_nm = nm_from_angstrom(self._cell)
        trajectory.unitcell_vectors = np.repeat(cells_nm[None], trajectory.n_frames, axis=0)
        bins = int(end_angstrom / BIN_ANGSTROM)
        ends_nm = (0.0, nm_from_angstrom(bins * BIN_ANGSTROM))
        return np.asarray(mdtraj.compute_rdf(trajectory, pairs, r_range=ends_nm, n_bins=bins)[1])

    def reference_radial_distribution(self, *, blocks: int) -> RadialDistribution | NotApplicable:
        """Return g(r) of Langevin samples of the reference, or why there is none."""
        subject = self._subject
        if not isinstance(subject.reference_source, Potential):
            return NotApplicable("there is no reference to compare with")
        try:
            samples = subject.reference.sample(subject)
        except EvaluationRefusedError as refusal:
            return NotApplicable(f"the reference refused a geometry ({refusal})")
        if samples.failure:
            return NotApplicable(f"the run of the reference failed: {samples.failure}")
        return self.radial_distribution(samples.positions_angstrom, blocks=blocks)
