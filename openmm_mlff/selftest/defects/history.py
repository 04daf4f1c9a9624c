"""Faults due to state kept from the first call of an instance."""

import numpy as np

from openmm_mlff.selftest.defects.model import Defect
from openmm_mlff.selftest.defects.planting import each_in_turn, everywhere
from openmm_mlff.selftest.oracles.pairs import PairSurface, every_pair
from openmm_mlff.selftest.oracles.surface import Surface

LIST_CUTOFF_ANGSTROM = 1.8
DECAY_ANGSTROM = 0.5


def _first_call_off(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Add s to the energy of the first call only."""
    offset = strength

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal offset
        energies, forces = surface(positions)
        energies = energies + offset
        offset = 0.0
        return energies, forces

    return each_in_turn(faulty)


def _pairs_of_the_first_call(surface: Surface, numbers: np.ndarray, strength: float) -> Surface:
    """Add s e^{−d/0.5 Å} for the pairs within 1.8 Å at the first call."""
    kept: list[PairSurface] = []

    def radial(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies = strength * np.exp(-distances / DECAY_ANGSTROM)
        return energies, -energies / DECAY_ANGSTROM

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not kept:
            pairs = every_pair(len(numbers))
            apart = positions[0, pairs[:, 0]] - positions[0, pairs[:, 1]]
            near = np.linalg.norm(apart, axis=1) < LIST_CUTOFF_ANGSTROM
            kept.append(PairSurface(len(numbers), pairs[near], radial))
        energies, forces = surface(positions)
        further_energies, further_forces = kept[0](positions)
        return energies + further_energies, forces + further_forces

    return each_in_turn(faulty)


DEFECTS = (
    Defect(
        name="first call off",
        description="the first energy of an instance is off by a constant",
        check="determinism",
        kind="bonded",
        system="water",
        unit="eV",
        gross=0.3,
        predicted_onset=9e-6,
        prediction="the energy of −9 eV changes by s from the first to the third call, to reach "
        "1e-6 of it",
        plant=everywhere(_first_call_off),
    ),
    Defect(
        name="pairs of the first call",
        description="pairs are listed at the first call and never again",
        check="determinism",
        kind="bonded",
        system="water",
        unit="eV",
        gross=1.0,
        predicted_onset=2.7e-5,
        prediction="stretched to twice its size water has no pair within 1.8 Å; asked first about "
        "that, it lacks s (2 e^{−0.96/0.5} + e^{−1.52/0.5}) = 0.34 s of its −9 eV, to reach 1e-6",
        plant=everywhere(_pairs_of_the_first_call),
    ),
)
