"""Potential with Morse bonds and Urey-Bradley terms for one molecule."""

from collections.abc import Mapping

import numpy as np

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.selftest.oracles.pairs import Morse, PairSurface
from openmm_mlff.selftest.oracles.surface import Surface, SurfacePotential

BONDS: Mapping[tuple[int, int], Morse] = {
    (1, 8): Morse(4.8, 2.2, 0.96),
    (1, 6): Morse(4.6, 1.85, 1.09),
    (6, 8): Morse(3.9, 2.0, 1.43),
}
"""By the bonded elements; depths and curvatures as in water, methane and methanol."""

ENDS: Mapping[tuple[int, int, int], tuple[float, float]] = {
    (1, 8, 1): (10.0, 1.52),
    (1, 6, 1): (5.0, 1.78),
    (1, 6, 8): (10.0, 2.06),
    (1, 8, 6): (10.0, 1.94),
}
"""Force constant (eV/Å²) and rest length (Å) of 1–3 pairs, by the three elements."""

CONTACT_EV = 60.0
CONTACT_LENGTH_ANGSTROM = 0.2
"""1–3 pairs repel by 60 eV e^{−d/0.2 Å}: 13 eV at 0.3 Å, 0.03 eV at 1.5 Å."""

OPPOSITE_EV, OPPOSITE_ANGSTROM, OPPOSITE_WIDTH_ANGSTROM = -0.3, 2.9, 0.15
"""Hydrogens three bonds apart attract by a Gaussian of their distance, which is longest where they
are opposite: three conformers of methanol, with barriers of 4.7 kcal/mol between them."""

VARIATION = 0.03
"""Relative standard deviation of each parameter between seeds."""


class BondedOracle(SurfacePotential):
    """Morse bonds, harmonic Urey-Bradley terms, contact repulsion, and torsional barriers.

    E = Σ_bonds D[(1 − e^{−a(d−r)})² − 1] + Σ_1–3 [½ k (d − r)² + A e^{−d/ρ}]
    + Σ_1–4 h e^{−(d−e)²/w²}

    Args:
        molecule: water, methane or methanol.
        seed: varies the parameters by a few per cent, equally for equal terms.

    Raises:
        PotentialError: there are no parameters for a bond or an angle of the molecule.
    """

    composition_is_free = False

    def __init__(self, molecule: MolecularSystem, *, seed: int) -> None:
        super().__init__(name=f"bonded-{molecule.name}", seed=seed)
        self.elements = frozenset(molecule.atomic_numbers.tolist())
        self._molecule = molecule
        self.bonds = np.array(molecule.bonds)
        self.ends = np.array(_ends(molecule))
        self.far_ends = np.array(far_ends(molecule), dtype=int).reshape(-1, 2)
        rng = np.random.default_rng(seed)
        # Those of methanol come last, so that they do not change the others.
        keys = sorted([*BONDS, *ENDS], key=lambda key: {6, 8} <= {*key})
        varied = {key: 1.0 + VARIATION * rng.normal(size=3) for key in keys}
        self.morse = _bond_parameters(molecule, self.bonds, varied)
        self.spring, self.rest_length = _end_parameters(molecule, self.ends, varied)

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """Check that the molecule is the one that the potential was built for.

        Raises:
            PotentialError: it is not.
        """
        if not np.array_equal(molecule.atomic_numbers, self._molecule.atomic_numbers):
            raise PotentialError(
                f"{self.spec} holds {self._molecule.formula}, got {molecule.formula}; "
                "choose the system that is built in"
            )

    def surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: np.ndarray | None = None
    ) -> Surface:
        """See :meth:`SurfacePotential.surface`; the cell is ignored."""
        pairs = np.concatenate([self.bonds, self.ends, self.far_ends])
        return PairSurface(len(self._molecule.atomic_numbers), pairs, self.radial)

    def radial(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies, eV, and slopes, eV/Å, (G, P) each, at distances (G, P).

        The pairs are the bonds, then the 1–3 and the 1–4 pairs.
        """
        n_bonds = len(self.bonds)
        bond_energies, bond_slopes = self.morse(distances[..., :n_bonds])
        apart = distances[..., n_bonds : n_bonds + len(self.ends)]
        stretch = apart - self.rest_length
        contact = CONTACT_EV * np.exp(-apart / CONTACT_LENGTH_ANGSTROM)
        energies = 0.5 * self.spring * stretch * stretch + contact
        slopes = self.spring * stretch - contact / CONTACT_LENGTH_ANGSTROM
        barrier_energies, barrier_slopes = gaussian(
            distances[..., n_bonds + len(self.ends) :],
            height_ev=OPPOSITE_EV,
            centre_angstrom=OPPOSITE_ANGSTROM,
            width_angstrom=OPPOSITE_WIDTH_ANGSTROM,
        )
        return (
            np.concatenate([bond_energies, energies, barrier_energies], axis=-1),
            np.concatenate([bond_slopes, slopes, barrier_slopes], axis=-1),
        )


def gaussian(
    distances: np.ndarray, *, height_ev: float, centre_angstrom: float, width_angstrom: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return h e^{−(d−c)²/w²} in eV and its slope in eV/Å."""
    off = (distances - centre_angstrom) / width_angstrom
    energies = height_ev * np.exp(-off * off)
    return energies, -2.0 * off / width_angstrom * energies


def far_ends(molecule: MolecularSystem) -> list[tuple[int, int]]:
    """Return the 1–4 pairs of hydrogens (i, j), i < j, sorted by i."""
    neighbours = {i: set[int]() for i in range(molecule.n_atoms)}
    for i, j in molecule.bonds:
        neighbours[i].add(j)
        neighbours[j].add(i)
    hydrogens = np.flatnonzero(molecule.atomic_numbers == 1).tolist()
    return [
        (i, j)
        for i in hydrogens
        for j in hydrogens
        if i < j
        and any(second in neighbours[first] for first in neighbours[i] for second in neighbours[j])
    ]


def _ends(molecule: MolecularSystem) -> list[tuple[int, int]]:
    """Return the 1–3 pairs."""
    neighbours = {i: set[int]() for i in range(molecule.n_atoms)}
    for i, j in molecule.bonds:
        neighbours[i].add(j)
        neighbours[j].add(i)
    return [
        (i, j)
        for i in range(molecule.n_atoms)
        for j in range(i + 1, molecule.n_atoms)
        if neighbours[i] & neighbours[j]
    ]


def _bond_parameters(molecule: MolecularSystem, bonds: np.ndarray, varied: Mapping) -> Morse:
    """Return the Morse parameters of each bond."""
    rows = []
    for i, j in bonds:
        low, high = sorted(molecule.atomic_numbers[[i, j]].tolist())
        rows.append(_known(BONDS, (low, high), molecule) * varied[low, high])
    return Morse(*np.array(rows).T)


def _end_parameters(
    molecule: MolecularSystem, ends: np.ndarray, varied: Mapping
) -> tuple[np.ndarray, np.ndarray]:
    """Return force constant and rest length of each 1–3 pair."""
    numbers = molecule.atomic_numbers
    linked = {frozenset(bond) for bond in molecule.bonds}
    rows = []
    for i, j in ends:
        centre = next(k for k in range(len(numbers)) if _joins(linked, i, j, k))
        low, high = sorted((int(numbers[i]), int(numbers[j])))
        key = (low, int(numbers[centre]), high)
        rows.append(_known(ENDS, key, molecule) * varied[key][:2])
    spring, rest_length = np.array(rows).T
    return spring, rest_length


def _joins(linked: set[frozenset[int]], i: int, j: int, k: int) -> bool:
    return frozenset((i, k)) in linked and frozenset((j, k)) in linked


def _known(table: Mapping, key: tuple[int, ...], molecule: MolecularSystem) -> np.ndarray:
    if key not in table:
        raise PotentialError(
            f"no parameters for the elements {key} of {molecule.name}; expected water, "
            "methane or methanol"
        )
    return np.array(table[key])
