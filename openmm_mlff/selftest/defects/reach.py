"""Faults at the cutoff, beyond it and at contact."""

from collections.abc import Callable

import numpy as np

from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.defects.model import Defect
from openmm_mlff.selftest.defects.planting import PlantedPotential, everywhere, with_pair_term
from openmm_mlff.selftest.oracles.bonded import BondedOracle
from openmm_mlff.selftest.oracles.pair import CUTOFF_ANGSTROM
from openmm_mlff.selftest.oracles.pairs import Radial, every_pair, smooth_switch
from openmm_mlff.selftest.oracles.surface import Surface, SurfacePotential, box_of

SCAN_END_ANGSTROM = 15.0

GHOST = 8
"""Atomic number of the ignored element."""

_HOLE_ANGSTROM = 0.65
_HOLE_WIDTH_ANGSTROM = 0.05
_CONTACT_LENGTH_ANGSTROM = 0.1
_SOFT_WIDTH_ANGSTROM = 0.03


def _pairs(atomic_numbers: np.ndarray) -> np.ndarray:
    return every_pair(len(atomic_numbers))


def _hydroxyls(atomic_numbers: np.ndarray) -> np.ndarray:
    """Return the pairs of an oxygen and a hydrogen."""
    pairs = every_pair(len(atomic_numbers))
    return pairs[(np.sort(atomic_numbers[pairs], axis=1) == [1, 8]).all(axis=1)]


def _step(strength: float) -> Radial:
    """Return −s within the cutoff and 0 beyond, an unshifted cutoff."""

    def radial(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        inside = distances < CUTOFF_ANGSTROM
        return np.where(inside, -strength, 0.0), np.zeros_like(distances)

    return radial


def _ramp(strength: float) -> Radial:
    """Return s (d − cutoff) within the cutoff, faded out towards 3 Å: a truncated force."""

    def radial(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        switch, slope = smooth_switch(distances, start_angstrom=3.0, end_angstrom=4.0)
        below = strength * np.minimum(distances - CUTOFF_ANGSTROM, 0.0)
        inside = np.where(distances < CUTOFF_ANGSTROM, strength, 0.0)
        return below * (1.0 - switch), inside * (1.0 - switch) - below * slope

    return radial


def _hole(strength: float) -> Radial:
    """Return a Gaussian hole of depth s at 0.65 Å."""

    def radial(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = (distances - _HOLE_ANGSTROM) / _HOLE_WIDTH_ANGSTROM
        depth = -strength * np.exp(-0.5 * x * x)
        return depth, -depth * x / _HOLE_WIDTH_ANGSTROM

    return radial


def _attraction(strength: float) -> Radial:
    """Return −s e^{−d/0.1 Å}."""

    def radial(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies = -strength * np.exp(-distances / _CONTACT_LENGTH_ANGSTROM)
        return energies, -energies / _CONTACT_LENGTH_ANGSTROM

    return radial


def _beyond(answer: Callable[[Surface, np.ndarray, np.ndarray], tuple]) -> Callable[..., Surface]:
    """Return a fault of geometries in which two atoms are farther apart than 1/s."""

    def spoil(surface: Surface, atomic_numbers: np.ndarray, strength: float) -> Surface:
        first, second = every_pair(len(atomic_numbers)).T

        def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            apart = np.linalg.norm(positions[:, first] - positions[:, second], axis=-1)
            return answer(surface, positions, (apart * strength > 1.0).any(axis=1))

        return faulty

    return spoil


def _not_a_number(surface: Surface, positions: np.ndarray, far: np.ndarray) -> tuple:
    energies, forces = surface(positions)
    return np.where(far, np.nan, energies), np.where(far[:, None, None], np.nan, forces)


def _refuse(surface: Surface, positions: np.ndarray, far: np.ndarray) -> tuple:
    if far.any():
        raise RuntimeError("index out of range in the neighbour list")
    return surface(positions)


class _SoftBonds(BondedOracle):
    """Bonds whose energy is constant below s Å.

    The Morse term is evaluated at s + w ln(1 + e^{(d−s)/w}) instead of d.
    """

    def __init__(self, healthy: BondedOracle, *, nearest_angstrom: float) -> None:
        self.__dict__.update(healthy.__dict__)
        self._nearest_angstrom = nearest_angstrom

    def radial(self, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See :meth:`BondedOracle.radial`."""
        n_bonds = len(self.bonds)
        x = (distances[..., :n_bonds] - self._nearest_angstrom) / _SOFT_WIDTH_ANGSTROM
        softened = distances.copy()
        softened[..., :n_bonds] = self._nearest_angstrom + _SOFT_WIDTH_ANGSTROM * np.logaddexp(0, x)
        energies, slopes = super().radial(softened)
        slopes[..., :n_bonds] /= 1.0 + np.exp(-np.clip(x, -50.0, 50.0))
        return energies, slopes


def _soften(healthy: Potential, strength: float) -> Potential:
    if not isinstance(healthy, BondedOracle):
        raise TypeError(f"got {type(healthy).__name__}, expected bonds to soften")
    return _SoftBonds(healthy, nearest_angstrom=strength)


class _Ghost(PlantedPotential):
    """A potential that ignores the atoms of one element."""

    def surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: np.ndarray | None = None
    ) -> Surface:
        """See :meth:`SurfacePotential.surface`."""
        seen = atomic_numbers != GHOST
        surface = self.healthy.surface(atomic_numbers[seen], **box_of(cell_angstrom))

        def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            forces = np.zeros_like(positions)
            energies, forces[:, seen] = surface(positions[:, seen])
            return energies, forces

        return faulty


def _haunt(healthy: Potential, strength: float) -> Potential:
    if not isinstance(healthy, SurfacePotential):
        raise TypeError(f"got {type(healthy).__name__}, expected an analytic potential")
    return _Ghost(healthy, strength)


DEFECTS = (
    Defect(
        name="jump at the cutoff",
        description="energy cut off without being brought to zero",
        check="cutoff_continuity",
        kind="pair",
        system="water",
        unit="eV",
        gross=0.25,
        predicted_onset=1e-3,
        prediction="each pair that crosses 5 Å jumps by s, to reach 1 meV",
        plant=with_pair_term(_pairs, _step),
    ),
    Defect(
        name="kink at the cutoff",
        description="force cut off without being brought to zero",
        check="cutoff_continuity",
        kind="pair",
        system="water",
        unit="eV/Å",
        gross=0.5,
        predicted_onset=0.05,
        prediction="the force of each pair that crosses 5 Å jumps by s, to reach 50 meV/Å",
        plant=with_pair_term(_pairs, _ramp),
    ),
    Defect(
        name="NaN beyond a distance",
        description="not a number where two atoms are farther apart than 1/s",
        check="cutoff_continuity",
        kind="pair",
        system="water",
        unit="1/Å",
        gross=1.0 / 6.0,
        predicted_onset=1.0 / SCAN_END_ANGSTROM,
        prediction="scans end at 15 Å",
        plant=everywhere(_beyond(_not_a_number)),
    ),
    Defect(
        name="raises beyond a distance",
        description="breaks where two atoms are farther apart than 1/s",
        check="cutoff_continuity",
        kind="pair",
        system="water",
        unit="1/Å",
        gross=1.0 / 6.0,
        predicted_onset=1.0 / SCAN_END_ANGSTROM,
        prediction="scans end at 15 Å",
        plant=everywhere(_beyond(_refuse)),
    ),
    Defect(
        name="reachable hole",
        description="oxygen and hydrogen find a hole at 0.65 Å, behind a barrier below 5 eV",
        check="short_range_repulsion",
        kind="bonded",
        system="water",
        unit="eV",
        gross=10.0,
        predicted_onset=2.8,
        prediction="the hole's slope 0.61 s / 0.05 Å outdoes the wall's 2 D a (e^{a(r−d)} − 1) "
        "e^{a(r−d)} = 29 eV/Å at 0.7 Å, and 4 eV/Å of the other bond",
        plant=with_pair_term(_hydroxyls, _hole),
    ),
    Defect(
        name="missing repulsion",
        description="bonded atoms meet no wall nearer than s",
        check="short_range_repulsion",
        kind="bonded",
        system="water",
        unit="Å",
        gross=0.85,
        predicted_onset=0.96 - np.log(1.0 + np.sqrt(5.0 / 4.8)) / 2.2,
        prediction="E(0.3 Å) stays at D (e^{a(r−s)} − 1)², to fall below 5 eV",
        plant=_soften,
        slight_factor=1.1,
    ),
    Defect(
        name="attraction at contact",
        description="oxygen and hydrogen attract one another at contact",
        check="short_range_repulsion",
        kind="bonded",
        system="water",
        unit="eV",
        gross=2400.0,
        predicted_onset=1450.0,
        prediction="D (e^{a(r−d)} − 1)² − s e^{−d / 0.1 Å} has its maximum, 5 eV, at 0.5 Å",
        plant=with_pair_term(_hydroxyls, _attraction),
        slight_factor=1.4,
    ),
    Defect(
        name="ghost atom",
        description="oxygen is ignored: no energy, no force",
        check="every_atom_counts",
        kind="pair",
        system="water",
        unit="share",
        gross=1.0,
        predicted_onset=None,
        prediction="there or not",
        plant=_haunt,
    ),
)
