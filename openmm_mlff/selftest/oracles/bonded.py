"""Potential with Morse bonds and Urey-Bradley terms for one molecule."""

from collections.abc import Mapping, Sequence

import numpy as np

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.selftest.oracles.pairs import (
    Exponential,
    Gaussian,
    Morse,
    PairSurface,
    Spring,
    bonds_between,
    in_groups,
    pairs_apart,
)
from openmm_mlff.selftest.oracles.surface import Cell, Surface, SurfacePotential

BONDS: Mapping[tuple[int, ...], Sequence[float]] = {
    (1, 8): (4.8, 2.2, 0.96),
    (1, 6): (4.6, 1.85, 1.09),
    (6, 8): (3.9, 2.0, 1.43),
}
"""Depth (eV), decay (1/Å) and length (Å) by the bonded elements; depths and curvatures as in water,
methane and methanol."""

ENDS: Mapping[tuple[int, ...], Sequence[float]] = {
    (1, 8, 1): (10.0, 1.52),
    (1, 6, 1): (5.0, 1.78),
    (1, 6, 8): (10.0, 2.06),
    (1, 8, 6): (10.0, 1.94),
}
"""Force constant (eV/Å²) and rest length (Å) of 1–3 pairs, by the three elements."""

CONTACT = Exponential(60.0, 0.2)
"""1–3 pairs repel by 60 eV e^{−d/0.2 Å}: 13 eV at 0.3 Å, 0.03 eV at 1.5 Å."""

OPPOSITE = Gaussian(-0.3, 2.9, 0.15 / 2.0**0.5)
"""Hydrogens three bonds apart attract by a Gaussian of their distance, which is longest where they
are opposite: three conformers of methanol, with barriers of 4.7 kcal/mol between them."""

VARIATION = 0.03
"""Relative standard deviation of each parameter between seeds."""


class BondedOracle(SurfacePotential):
    """Morse bonds, harmonic Urey-Bradley terms, contact repulsion, and torsional barriers.

    E = Σ_bonds D[(1 − e^{−a(d−r)})² − 1] + Σ_1–3 [½ k (d − r)² + A e^{−d/ρ}]
    + Σ_1–4 h e^{−(d−e)²/2σ²}

    For water, methane or methanol. The seed varies the parameters by a few per cent, equally for
    equal terms.
    """

    composition_is_free = False
    kind = "bonded"

    def __init__(self, molecule: MolecularSystem, *, seed: int) -> None:
        super().__init__(name=f"{self.kind}-{molecule.name}", seed=seed)
        self.elements = frozenset(molecule.atomic_numbers.tolist())
        self._molecule = molecule
        self.bonds = np.array(molecule.bonds)
        self.ends = pairs_apart(molecule, bonds=2)
        far_ends = pairs_apart(molecule, bonds=3)
        self.far_ends = far_ends[(molecule.atomic_numbers[far_ends] == 1).all(axis=1)]
        self.pairs = np.concatenate([self.bonds, self.ends, self.far_ends])
        rng = np.random.default_rng(seed)
        # Those of methanol come last, so that they do not change the others.
        keys = sorted([*BONDS, *ENDS], key=lambda key: {6, 8} <= {*key})
        varied = {key: 1.0 + VARIATION * rng.normal(size=3) for key in keys}
        self.morse = Morse(*_parameters(molecule, self.bonds, BONDS, varied))
        self.spring = Spring(*_parameters(molecule, self.ends, ENDS, varied))

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """See :meth:`Potential.check_molecule`; only the molecule that is built in is accepted."""
        if not np.array_equal(molecule.atomic_numbers, self._molecule.atomic_numbers):
            raise PotentialError(
                f"{self.spec} holds {self._molecule.formula}, got {molecule.formula}; "
                "choose the system that is built in"
            )

    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """See :meth:`SurfacePotential.surface`; the cell is ignored."""
        return PairSurface(len(self._molecule.atomic_numbers), self.pairs, self.radial)

    def radial(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return energies, eV, and slopes, eV/Å, (G, P) each, at distances (G, P).

        The pairs are the bonds, then the 1–3 and the 1–4 pairs.
        """
        return in_groups(
            (len(self.bonds), self.morse),
            (len(self.ends), self._between_ends),
            (len(self.far_ends), OPPOSITE),
        )(distances)

    def _between_ends(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, slopes = self.spring(distances)
        contact_energies, contact_slopes = CONTACT(distances)
        return energies + contact_energies, slopes + contact_slopes


def _parameters(
    molecule: MolecularSystem,
    pairs: np.ndarray,
    table: Mapping[tuple[int, ...], Sequence[float]],
    varied: Mapping[tuple[int, ...], np.ndarray],
) -> np.ndarray:
    """Return the parameters of each pair, (n_parameters, P), by its elements and those between."""
    numbers, steps = molecule.atomic_numbers, bonds_between(molecule)
    rows = []
    for i, j in pairs:
        between = numbers[(steps[i] == 1) & (steps[j] == 1)]
        low, high = sorted(numbers[[i, j]].tolist())
        key = (low, *between.tolist(), high)
        if key not in table:
            raise PotentialError(
                f"no parameters for the elements {key} of {molecule.name}; expected water, "
                "methane or methanol"
            )
        rows.append(np.array(table[key]) * varied[key][: len(table[key])])
    return np.array(rows).T
