"""Do energy and forces stay continuous when atoms come within reach of each other?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure, place
from openmm_mlff.checks.inputs import find_probe, probe_array
from openmm_mlff.checks.surface.evidence import (
    DETECTABLE_SIGMAS,
    noise_floor,
    refusal_note,
    too_many_refused,
)
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult, Status
from openmm_mlff.units import MEV_PER_EV

ALONE = "pair"
"""Scans of two atoms alone show whose jump it is and decide nothing: a stretched radical is no
fair question to a quantum method."""

_JUMPS_KEPT = 20


@dataclass(frozen=True)
class Jump:
    """What is left of a step when its interval is bisected to 1e-6 Å.

    Attributes:
        scan: in which it was found.
        kind: of that scan.
        coordinate: where, Å (a factor where the molecule breathes).
        energy_mev: of the energy.
        force_mev_per_angstrom: of the force on an atom.
        distance_angstrom: between the two atoms that crossed the cutoff; NaN where not known.
        pair: their elements; empty where not known.
    """

    scan: str
    kind: str
    coordinate: float
    energy_mev: float
    force_mev_per_angstrom: float
    distance_angstrom: float
    pair: str

    @property
    def at(self) -> str:
        """Say where: the pair and its distance, or the place in the scan."""
        if self.pair:
            return f"a pair {self.pair} at {self.distance_angstrom:.4f} Å"
        return f"{self.scan} at {self.coordinate:.4f}"


def cutoff_continuity(observations: Observations, criteria: Criteria) -> CheckResult:
    """Judge the jumps that bisection did not make smaller.

    A jump in energy is |E(b) − E(a) + ½ (F_a + F_b)·Δx|, one in force max |F(b) − F(a)|, on the
    interval of 1e-6 Å to which a suspect step was bisected.

    Args:
        observations: with the probe ``cutoff_continuity``.
        criteria: ``energy`` (meV), ``forces`` (meV/Å).

    Returns:
        PASS where no jump exceeds its threshold and every number is finite.
    """
    probe = find_probe(SPEC, observations, name="cutoff_continuity")
    if isinstance(probe, CheckResult):
        return probe
    scans = [(k, scan) for k, scan in enumerate(probe.data["scans"]) if scan["kind"] != ALONE]
    if not scans:
        return SPEC.inconclusive(observations, reason="nothing was scanned")
    refused = np.concatenate(
        [probe_array(probe, name=f"refused_{k}", shape=(None,)) for k, _ in scans]
    ).astype(bool)
    undecided = too_many_refused(SPEC, observations, probe=probe, refused=refused)
    if undecided is not None:
        return undecided
    jumps = read_jumps(probe)
    evidence = _evidence(probe, jumps=jumps, refused=refused)
    lost = _not_finite(probe, scans=scans)
    if lost:
        return SPEC.result(
            observations,
            status=Status.FAIL,
            message=f"On {place(observations)}, {lost}.",
            evidence=evidence,
        )
    judged = [jump for jump in jumps if jump.kind != ALONE]
    return SPEC.judged(
        observations,
        measures=_measures(judged, criteria=criteria),
        evidence=evidence,
        note=refusal_note(refused),
    )


def _measures(jumps: Sequence[Jump], *, criteria: Criteria) -> list[Measure]:
    """Compare the largest jumps of energy and of force."""
    energy, forces = (SPEC.threshold(criteria, name=name) for name in ("energy", "forces"))
    if not jumps:
        return [
            Measure("along no scan does anything jump; the energy's largest jump is", 0.0, energy),
            Measure("along no scan does anything jump; the force's largest jump is", 0.0, forces),
        ]
    highest = max(jumps, key=lambda jump: jump.energy_mev)
    hardest = max(jumps, key=lambda jump: jump.force_mev_per_angstrom)
    return [
        Measure(f"the energy jumps ({highest.at}) by", highest.energy_mev, energy),
        Measure(f"a force jumps ({hardest.at}) by", hardest.force_mev_per_angstrom, forces),
    ]


def read_jumps(probe: ProbeObservations) -> list[Jump]:
    """Read the table of jumps.

    Args:
        probe: of cutoff_continuity.

    Returns:
        The jumps, the largest in energy first.
    """
    scans = probe.data["scans"]
    pairs = list(probe.data["jump_pairs"])
    if not pairs:
        return []
    columns = [
        probe_array(probe, name=f"jump_{name}", shape=(len(pairs),))
        for name in (
            "scan",
            "coordinate",
            "energy_ev",
            "force_ev_per_angstrom",
            "distance_angstrom",
        )
    ]
    jumps = [
        Jump(
            scan=scans[int(scan)]["name"],
            kind=scans[int(scan)]["kind"],
            coordinate=float(coordinate),
            energy_mev=float(energy) * MEV_PER_EV,
            force_mev_per_angstrom=float(force) * MEV_PER_EV,
            distance_angstrom=float(distance),
            pair=pair,
        )
        for scan, coordinate, energy, force, distance, pair in zip(*columns, pairs, strict=True)
    ]
    return sorted(jumps, key=lambda jump: -jump.energy_mev)


def _not_finite(probe: ProbeObservations, *, scans: Sequence[tuple[int, Mapping[str, Any]]]) -> str:
    """Say where along a scan energy or force is no number; empty where all are."""
    for k, scan in scans:
        coordinate = probe_array(probe, name=f"coordinate_{k}", shape=(None,))
        energies = probe_array(probe, name=f"energies_ev_{k}", shape=coordinate.shape)
        forces = probe_array(probe, name=f"force_norm_{k}", shape=coordinate.shape)
        refused = probe_array(probe, name=f"refused_{k}", shape=coordinate.shape).astype(bool)
        lost = ~(np.isfinite(energies) & np.isfinite(forces)) & ~refused
        if lost.any():
            first, last = coordinate[lost][[0, -1]]
            return (
                f"the energy or a force is not a finite number at {int(lost.sum())} of "
                f"{len(coordinate)} points of the scan {scan['name']!r} (from {first:.2f} to "
                f"{last:.2f})"
            )
    return ""


def _evidence(
    probe: ProbeObservations, *, jumps: Sequence[Jump], refused: np.ndarray
) -> dict[str, Any]:
    energy_noise, force_noise = noise_floor(probe)
    factor = DETECTABLE_SIGMAS * np.sqrt(2.0) * MEV_PER_EV
    by_pair: dict[str, float] = {}
    for jump in jumps:
        if jump.kind == ALONE:
            by_pair[jump.pair] = max(by_pair.get(jump.pair, 0.0), jump.energy_mev)
    return {
        "scans": [scan["name"] for scan in probe.data["scans"]],
        "points": int(refused.size),
        "jumps": [vars(jump) for jump in jumps[:_JUMPS_KEPT]],
        "jumps_found": len(jumps),
        "energy_jump_mev_by_pair_alone": by_pair,
        "detection_limit": {
            "energy_mev": factor * energy_noise,
            "forces_mev_per_angstrom": factor * force_noise,
        },
    }


SPEC = CheckSpec(
    id="cutoff_continuity",
    group="surface",
    scope="system",
    title="Do energy and forces stay continuous when atoms come within reach of each other?",
    formula="steps of E and F along scans of 0.01 Å, bisected to 1e-6 Å: a jump does not shrink",
    unit="meV",
    source="a jump of 1 meV, once a picosecond in a molecule of ten atoms, is the allowed drift",
    thresholds={"energy": "meV", "forces": "meV/Å"},
    failure_mode="Each time two atoms cross the cutoff the molecule gains or loses energy: the "
    "total energy walks away, and dissociation, diffusion and condensed phases are wrong.",
    remedy="Multiply what the filter network gives out, not what it takes in, by a cutoff function "
    "that goes to zero with its slope; see which pair and distance jumps.",
    function=cutoff_continuity,
    probes=("cutoff_continuity",),
)
