"""Faults in model calls: randomness, state, leaks, and invalid results."""

import mmap
import time
from collections.abc import Callable

import numpy as np

from openmm_mlff.selftest.defects.model import Defect
from openmm_mlff.selftest.defects.planting import each_in_turn, everywhere, in_openmm, mixed
from openmm_mlff.selftest.oracles.surface import Surface

RENEWED_EVERY = 10
"""Calls between two updates of the stale list."""

PIECE_BYTES = 16 * 4096
"""Size of the allocations of a leak."""

_SECONDS_PER_MICROSECOND = 1e-6


def _dropout(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Multiply each result by 1 + s n, n normal, like Gaussian dropout of the last layer."""
    rng = np.random.default_rng(0)

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        factor = 1.0 + strength * rng.normal(size=len(energies))
        return energies * factor, forces * factor[:, None, None]

    return faulty


def _smoothed(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Mix a fraction of the previous result into each result."""
    before: list[tuple[np.ndarray, np.ndarray]] = []

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        old_energies, old_forces = before.pop() if before else (energies, forces)
        before.append((energies, forces))
        return (
            energies + strength * (old_energies - energies),
            forces + strength * (old_forces - forces),
        )

    return each_in_turn(faulty)


def _stale(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Take a fraction of the result from positions that are updated every tenth call."""
    calls = 0
    listed = np.empty(0)

    def from_the_list(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal calls, listed
        if calls % RENEWED_EVERY == 0:
            listed = positions.copy()
        calls += 1
        return surface(listed)

    return each_in_turn(mixed(surface, from_the_list, strength))


def _dragged(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Add −s (x − x_before) to the forces, which acts as friction."""
    before: list[np.ndarray] = []

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = surface(positions)
        last = before.pop() if before else positions
        before.append(positions.copy())
        return energies, forces - strength * (positions - last)

    return each_in_turn(faulty)


def _leaking(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Leak s bytes per call, allocated from the system rather than from the free heap."""
    kept: list[mmap.mmap] = []
    owed = 0.0

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def _slowing(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Take s µs longer with each call."""
    calls = 0

    def faulty(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal calls
        calls += 1
        end = time.perf_counter() + calls * strength * _SECONDS_PER_MICROSECOND
        answer = surface(positions)
        while time.perf_counter() < end:
            pass
        return answer

    return faulty


def _halved(surface: Surface, _: np.ndarray, strength: float) -> Surface:
    """Round positions relative to the first atom, energies and forces to bfloat16, mixed by s."""

    def rough(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        centred = positions - positions[:, :1]
        energies, forces = surface(_bfloat16(centred))
        return _bfloat16(energies), _bfloat16(forces)

    return mixed(surface, rough, strength)


def _bfloat16(values: np.ndarray) -> np.ndarray:
    """Round to eight significant bits."""
    fractions, exponents = np.frexp(values)
    return np.asarray(np.ldexp(np.round(256.0 * fractions) / 256.0, exponents))


def _answering(
    change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> Callable[[Surface, np.ndarray, float], Surface]:
    """Return a fault that changes every result."""

    def spoil(surface: Surface, _: np.ndarray, strength: float) -> Surface:
        return lambda positions: change(*surface(positions))

    return spoil


def _nothing(energies: np.ndarray, forces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.full_like(energies, np.nan), np.full_like(forces, np.nan)


def _too_few(energies: np.ndarray, forces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drop the forces of the last atom."""
    return energies, forces[:, :-1]


def _raised(energies: np.ndarray, forces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    raise RuntimeError("the model's device was lost")


DEFECTS = (
    Defect(
        name="dropout",
        description="dropout left on: every answer is multiplied by chance",
        check="determinism",
        kind="bonded",
        system="water",
        unit="ratio",
        gross=0.1,
        predicted_onset=5e-7,
        prediction="five answers differ by 2 s of the largest force, to reach 1e-6",
        plant=everywhere(_dropout),
    ),
    Defect(
        name="hidden state",
        description="part of the answer before is mixed into each answer",
        check="determinism",
        kind="bonded",
        system="water",
        unit="share",
        gross=0.3,
        predicted_onset=2e-6,
        prediction="answers for one geometry differ by s of about half the largest force, to reach "
        "1e-6",
        plant=everywhere(_smoothed),
    ),
    Defect(
        name="stale neighbour list",
        description="part of the answer comes from a list that is renewed every tenth call",
        check="determinism",
        kind="bonded",
        system="water",
        unit="share",
        gross=0.5,
        predicted_onset=2e-6,
        prediction="answers for one geometry differ by s of about half the largest force, to reach "
        "1e-6",
        plant=everywhere(_stale),
    ),
    Defect(
        name="drag",
        description="a memory of the last positions acts as friction",
        check="energy_drift",
        kind="bonded",
        system="water",
        unit="eV/Å²",
        gross=0.05,
        predicted_onset=1.1e-3,
        prediction="dE/dt = −s dt Σv²: 0.5 fs, Σv² = 710 Å²/ps² (3 vibrations at 300 K), 3 atoms, "
        "to reach 0.1 meV/atom/ps by the interval of 0.03",
        plant=everywhere(_dragged),
    ),
    Defect(
        name="half precision",
        description="positions, energies and forces are rounded to bfloat16",
        check="precision_noise",
        kind="pair",
        system="water",
        unit="share",
        gross=1.0,
        predicted_onset=0.1,
        prediction="below 1 Å bfloat16 has steps of 4e-3 Å, σ = 1.1e-3 Å; bonds of 45 eV/Å² make "
        "it a force of s 0.05 eV/Å, to reach 5 meV/Å",
        plant=everywhere(_halved),
    ),
    Defect(
        name="memory leak",
        description="every call keeps some memory",
        check="memory_growth",
        kind="bonded",
        system="water",
        unit="byte/call",
        gross=80_000.0,
        predicted_onset=10.0 * 2.0**20 / 10_000.0,
        prediction="the threshold of the quick protocol is 10 MiB in 10 000 steps",
        plant=in_openmm(_leaking),
    ),
    Defect(
        name="slowing down",
        description="every call takes longer than the one before",
        check="slow_down",
        kind="bonded",
        system="water",
        unit="µs/call",
        gross=0.5,
        predicted_onset=0.04,
        prediction="from the first to the last fifth, 1600 calls, a step of 300 µs must grow by a "
        "fifth: to 1.1 and past the interval of 0.1 of a shared machine",
        plant=in_openmm(_slowing),
    ),
    Defect(
        name="not a number",
        description="energy and forces are not numbers",
        check="stability",
        kind="bonded",
        system="water",
        unit="share",
        gross=1.0,
        predicted_onset=None,
        prediction="there or not",
        plant=everywhere(_answering(_nothing)),
    ),
    Defect(
        name="wrong shape",
        description="forces of one atom too few",
        check="force_consistency",
        kind="bonded",
        system="water",
        unit="share",
        gross=1.0,
        predicted_onset=None,
        prediction="there or not",
        plant=everywhere(_answering(_too_few)),
    ),
    Defect(
        name="raises",
        description="breaks whenever it is called",
        check="openmm_parity",
        kind="bonded",
        system="water",
        unit="share",
        gross=1.0,
        predicted_onset=None,
        prediction="there or not",
        plant=everywhere(_answering(_raised)),
    ),
)
