"""Do atoms repel each other at contact?"""

from dataclasses import dataclass

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, probe_array
from openmm_mlff.checks.surface.evidence import (
    DETECTABLE_SIGMAS,
    noise_floor,
    refusal_note,
    too_many_refused,
)
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult


@dataclass(frozen=True)
class Wall:
    """The energy of one pair of elements on the way in.

    Attributes:
        pair: its name.
        height_ev: energy at the shortest distance above the lowest.
        hole_ev: deepest fall behind a maximum, inwards or outwards of the lowest point.
        lowest_angstrom: where the energy is lowest.
        hole_angstrom: where the deepest fall ends.
    """

    pair: str
    height_ev: float
    hole_ev: float
    lowest_angstrom: float
    hole_angstrom: float


def short_range_repulsion(observations: Observations, criteria: Criteria) -> CheckResult:
    """Follow the energy of every pair of elements from its covalent distance to 0.3 Å.

    From its lowest point the energy must rise all the way in, to at least the wall's height, and
    must have no maximum on either side: max over r of (highest energy nearer the lowest point −
    E(r)).

    Args:
        observations: with the probe ``short_range_repulsion``.
        criteria: ``wall`` (eV), which must be reached; ``hole`` (eV).

    Returns:
        PASS where every pair has a wall and no hole.
    """
    probe = find_probe(SPEC, observations, name="short_range_repulsion")
    if isinstance(probe, CheckResult):
        return probe
    pairs = list(probe.data.get("pairs", []))
    if not pairs:
        return SPEC.inconclusive(
            observations, reason="no pair of elements could be pushed together"
        )
    refused = _refused(probe, pairs=pairs)
    undecided = too_many_refused(SPEC, observations, probe=probe, refused=refused)
    if undecided is not None:
        return undecided
    walls = [find_wall(probe, index=k, pair=pair) for k, pair in enumerate(pairs)]
    wall_limit = SPEC.threshold(criteria, name="wall")
    hole_limit = SPEC.threshold(criteria, name="hole")
    measures = []
    for wall in walls:
        measures += [
            Measure(
                f"pushed to 0.3 Å, the pair {wall.pair} rises above its lowest energy by",
                wall.height_ev,
                wall_limit,
                at_least=True,
            ),
            Measure(
                f"on the way to contact the energy of the pair {wall.pair} has a maximum and falls "
                f"behind it (at {wall.hole_angstrom:.2f} Å) by",
                wall.hole_ev,
                hole_limit,
            ),
        ]
    return SPEC.judged(
        observations,
        measures=measures,
        evidence={
            "pairs": [vars(wall) for wall in walls],
            "detection_limit": DETECTABLE_SIGMAS * np.sqrt(2.0) * noise_floor(probe)[0],
        },
        note=refusal_note(refused),
    )


def _refused(probe: ProbeObservations, *, pairs: list[str]) -> np.ndarray:
    parts = [probe_array(probe, name=f"refused_{k}", shape=(None,)) for k in range(len(pairs))]
    return np.concatenate(parts).astype(bool)


def find_wall(probe: ProbeObservations, *, index: int, pair: str) -> Wall:
    """Measure the wall of one pair.

    Args:
        probe: with `distances_angstrom_k` ascending, `energies_ev_k` and `refused_k`.
        index: k.
        pair: its name.

    Returns:
        The wall; NaN where an energy is not a number, or the innermost point was refused.
    """
    distances = probe_array(probe, name=f"distances_angstrom_{index}", shape=(None,))
    energies = probe_array(probe, name=f"energies_ev_{index}", shape=distances.shape)
    refused = probe_array(probe, name=f"refused_{index}", shape=distances.shape).astype(bool)
    distances, energies = distances[~refused], energies[~refused]
    nothing = float("nan")
    if not len(energies) or not np.isfinite(energies).all():
        return Wall(pair, nothing, nothing, nothing, nothing)
    lowest = int(np.argmin(energies))
    falls = np.concatenate(
        [_falls(energies[: lowest + 1][::-1])[::-1], _falls(energies[lowest:])[1:]]
    )
    deepest = int(np.argmax(falls))
    height = float(energies[0] - energies[lowest]) if not refused[0] else nothing
    return Wall(
        pair=pair,
        height_ev=height,
        hole_ev=float(falls[deepest]),
        lowest_angstrom=float(distances[lowest]),
        hole_angstrom=float(distances[deepest]),
    )


def _falls(energies: np.ndarray) -> np.ndarray:
    """Give how far below the highest energy before it each point lies."""
    return np.maximum.accumulate(energies) - energies


SPEC = CheckSpec(
    id="short_range_repulsion",
    group="surface",
    scope="system",
    title="Do atoms repel each other at contact?",
    formula="E(0.3 Å) − min E for every pair of elements; no maximum between 0.3 Å and the sum of "
    "covalent radii",
    unit="eV",
    source="diatomics of ml-peg and MLIP Arena",
    thresholds={"wall": "eV", "hole": "eV"},
    failure_mode="Two atoms that meet hard, in a hot run, at a bad start or in a barostat's move, "
    "fall into each other, and the run ends in nonsense.",
    remedy="Add a repulsive core (ZBL, say) to the model, or pairs at short distance to the "
    "training data.",
    function=short_range_repulsion,
    probes=("short_range_repulsion",),
)
