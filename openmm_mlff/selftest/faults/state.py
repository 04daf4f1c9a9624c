"""Faults of calls: random results, results that depend on earlier calls, leaks and delays."""

import mmap
import time

import numpy as np

from openmm_mlff.selftest.faults.plant import Result, added, mixed
from openmm_mlff.selftest.oracles.pairs import Exponential, PairSurface, every_pair
from openmm_mlff.selftest.oracles.surface import Surface, each_in_turn

RENEWED_EVERY = 10
"""Calls between two updates of the stale list."""

PIECE_BYTES = 16 * 4096
"""Size of the allocations of a leak."""

LIST_CUTOFF_ANGSTROM = 1.8
DECAY_ANGSTROM = 0.5

_SECONDS_PER_MICROSECOND = 1e-6


def dropout(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Multiply each result by 1 + s n, n normal, like Gaussian dropout of the last layer."""
    rng = np.random.default_rng(0)

    def faulty(positions: np.ndarray) -> Result:
        energies, forces = surface(positions)
        factor = 1.0 + strength * rng.normal(size=len(energies))
        return energies * factor, forces * factor[:, None, None]

    return faulty


def smoothed(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Mix a fraction of the previous result into each result."""
    before: list[Result] = []

    def faulty(positions: np.ndarray) -> Result:
        energies, forces = surface(positions)
        old_energies, old_forces = before.pop() if before else (energies, forces)
        before.append((energies, forces))
        return (
            energies + strength * (old_energies - energies),
            forces + strength * (old_forces - forces),
        )

    return each_in_turn(faulty)


def stale(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Take a fraction of the result from positions that are updated every tenth call."""
    calls = 0
    listed = np.empty(0)

    def from_the_list(positions: np.ndarray) -> Result:
        nonlocal calls, listed
        if calls % RENEWED_EVERY == 0:
            listed = positions.copy()
        calls += 1
        return surface(listed)

    return each_in_turn(mixed(surface, from_the_list, strength))


def dragged(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Add −s (x − x_before) to the forces, which acts as friction."""
    before: list[np.ndarray] = []

    def faulty(positions: np.ndarray) -> Result:
        energies, forces = surface(positions)
        last = before.pop() if before else positions
        before.append(positions.copy())
        return energies, forces - strength * (positions - last)

    return each_in_turn(faulty)


def first_call_off(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Add s to the energy of the first call only."""
    offset = strength

    def faulty(positions: np.ndarray) -> Result:
        nonlocal offset
        energies, forces = surface(positions)
        energies = energies + offset
        offset = 0.0
        return energies, forces

    return each_in_turn(faulty)


def pairs_of_first_call(surface: Surface, numbers: np.ndarray, strength: float) -> Surface:
    """Add s e^{−d/0.5 Å} for the pairs within 1.8 Å at the first call."""
    listed: list[PairSurface] = []

    def faulty(positions: np.ndarray) -> Result:
        if not listed:
            pairs = every_pair(len(numbers))
            apart = positions[0, pairs[:, 0]] - positions[0, pairs[:, 1]]
            near = np.linalg.norm(apart, axis=1) < LIST_CUTOFF_ANGSTROM
            term = Exponential(strength, DECAY_ANGSTROM)
            listed.append(PairSurface(len(numbers), pairs[near], term))
        return added(surface, listed[0])(positions)

    return each_in_turn(faulty)


def leaking(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Leak s bytes per call, allocated from the system rather than from the free heap."""
    kept: list[mmap.mmap] = []
    owed = 0.0

    def faulty(positions: np.ndarray) -> Result:
        nonlocal owed
        owed += strength
        while owed >= PIECE_BYTES:
            piece = mmap.mmap(-1, PIECE_BYTES)
            # Memory only becomes resident when it is written to.
            piece.write(b"\x01" * PIECE_BYTES)
            kept.append(piece)
            owed -= PIECE_BYTES
        return surface(positions)

    return faulty


def slowing(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Take s µs longer with each call."""
    calls = 0

    def faulty(positions: np.ndarray) -> Result:
        nonlocal calls
        calls += 1
        end = time.perf_counter() + calls * strength * _SECONDS_PER_MICROSECOND
        found = surface(positions)
        while time.perf_counter() < end:
            pass
        return found

    return faulty


def halved(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Round positions relative to the first atom, energies and forces to bfloat16, mixed by s."""

    def rough(positions: np.ndarray) -> Result:
        centred = positions - positions[:, :1]
        energies, forces = surface(_bfloat16(centred))
        return _bfloat16(energies), _bfloat16(forces)

    return mixed(surface, rough, strength)


def _bfloat16(values: np.ndarray) -> np.ndarray:
    """Round to eight significant bits."""
    fractions, exponents = np.frexp(values)
    return np.asarray(np.ldexp(np.round(256.0 * fractions) / 256.0, exponents))


def raises(energies: np.ndarray, forces: np.ndarray, strength: float) -> Result:
    """Raise an error, like a broken model."""
    raise RuntimeError("the model's device was lost")
