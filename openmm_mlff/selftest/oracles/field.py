"""A healthy force field for any molecule or box, with parameters from the initial geometry.

It is not chemically accurate, but smooth, conservative, size-extensive and realistically stiff, so
a sound potential's properties can be tested on systems of one to hundreds of atoms.
"""

import numpy as np

from openmm_mlff.checks.parity.unit_scale import typical_stiffness
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom
from openmm_mlff.selftest.oracles.pair import switched
from openmm_mlff.selftest.oracles.pairs import (
    Exponential,
    Morse,
    PairSurface,
    Radial,
    Spring,
    bonds_between,
    every_pair,
    in_groups,
    pairs_apart,
)
from openmm_mlff.selftest.oracles.surface import Cell, Surface, SurfacePotential, each_in_turn

WELL_EV = 4.6
"""Depth of every bond; its stiffness is typical of the elements and the length."""

SPRINGS_EV_PER_ANGSTROM2 = {2: 5.0, 3: 0.5}
"""For 1–3 and 1–4 pairs, by the number of bonds; rest lengths are those of the geometry."""

CONTACT_EV, CONTACT_LENGTH_ANGSTROM = 60.0, 0.25
"""All pairs but the bonded ones repel by 60 eV e^{−d/0.25 Å}, switched off (C²) at 5 Å.

Beyond 1–4 pairs, d is shorter by what the covalent radii exceed those of two hydrogens, so that
molecules of a liquid keep apart: two oxygens at 1.63 Å repel by 1.4 eV."""


class FieldOracle(SurfacePotential):
    """Morse bonds, harmonic 1–3 and 1–4 terms, and contact repulsion.

    Args:
        molecule: from which the terms are built; systems of several copies are also supported.
        seed: varies the stiffness by a few per cent.
    """

    has_force_field = True

    def __init__(self, molecule: MolecularSystem, *, seed: int) -> None:
        super().__init__(name=f"field-{molecule.name}", seed=seed)
        self.elements = frozenset(molecule.atomic_numbers.tolist())
        self._built_in = molecule
        self._bonds = np.array(molecule.bonds, dtype=int).reshape(-1, 2)
        lengths = _lengths(molecule, self._bonds)
        stiffness = typical_stiffness(molecule.atomic_numbers[self._bonds], lengths)
        stiffness = stiffness * (1.0 + 0.03 * np.random.default_rng(seed).normal())
        depth = np.full(len(lengths), WELL_EV)
        self._morse = Morse(depth, np.sqrt(stiffness / (2.0 * WELL_EV)), lengths)
        ends = [pairs_apart(molecule, bonds=bonds) for bonds in SPRINGS_EV_PER_ANGSTROM2]
        self._ends = np.concatenate(ends)
        constants = np.repeat(list(SPRINGS_EV_PER_ANGSTROM2.values()), [len(e) for e in ends])
        self._spring = Spring(constants, _lengths(molecule, self._ends))
        self._cached: dict[int, tuple[np.ndarray, Radial]] = {}

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """See :meth:`Potential.check_molecule`; copies of the molecule are accepted."""
        self._copies(molecule.atomic_numbers)

    def _copies(self, atomic_numbers: np.ndarray) -> int:
        built_in = self._built_in.atomic_numbers
        copies = len(atomic_numbers) // len(built_in)
        if not copies or not np.array_equal(atomic_numbers, np.tile(built_in, copies)):
            raise PotentialError(
                f"{self.spec} holds {self._built_in.formula}, got {len(atomic_numbers)} atoms that "
                "are not copies of it; choose the system that is built in"
            )
        return copies

    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        pairs, radial = self._terms(self._copies(atomic_numbers))
        # A batch of all geometries of a large system would need much memory.
        return each_in_turn(
            PairSurface(len(atomic_numbers), pairs, radial, cell_angstrom=cell_angstrom)
        )

    def _terms(self, copies: int) -> tuple[np.ndarray, Radial]:
        """Return the pairs of several copies, (P, 2), and their function; cached."""
        if copies not in self._cached:
            size = len(self._built_in.atomic_numbers)
            shifts = size * np.arange(copies)[:, None, None]
            bonds, ends = ((pairs + shifts).reshape(-1, 2) for pairs in (self._bonds, self._ends))
            same_copy = np.kron(np.eye(copies, dtype=bool), np.ones((size, size), dtype=bool))
            apart = np.where(
                same_copy, np.tile(bonds_between(self._built_in), (copies, copies)), np.inf
            )
            others = every_pair(size * copies)
            others = others[apart[others[:, 0], others[:, 1]] != 1.0]
            radii = covalent_radii_angstrom(np.tile(self._built_in.atomic_numbers, copies))
            excess = radii[others].sum(axis=1) - 2.0 * covalent_radii_angstrom([1])[0]
            excess[apart[others[:, 0], others[:, 1]] <= max(SPRINGS_EV_PER_ANGSTROM2)] = 0.0
            heights_ev = CONTACT_EV * np.exp(excess / CONTACT_LENGTH_ANGSTROM)
            contact = Exponential(heights_ev, CONTACT_LENGTH_ANGSTROM)
            morse = Morse(*(np.tile(parameter, copies) for parameter in self._morse))
            spring = Spring(*(np.tile(parameter, copies) for parameter in self._spring))
            self._cached[copies] = (
                np.concatenate([bonds, ends, others]),
                in_groups(
                    (len(bonds), morse),
                    (len(ends), spring),
                    (len(others), lambda distances: switched(distances, contact)),
                ),
            )
        return self._cached[copies]


def _lengths(molecule: MolecularSystem, pairs: np.ndarray) -> np.ndarray:
    first, second = molecule.positions_angstrom[pairs.T]
    return np.linalg.norm(first - second, axis=1)
