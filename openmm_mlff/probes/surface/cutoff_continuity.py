"""Do energy and forces stay continuous when atoms come within reach of each other?"""

from typing import Any

import numpy as np
from ase.geometry import find_mic

from openmm_mlff.molecules import covalent_radii_angstrom
from openmm_mlff.probes.evaluation import Points, evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.probes.surface.jumps import Interval, bisect, common_distance, suspects
from openmm_mlff.probes.surface.noise import measure_noise
from openmm_mlff.probes.surface.placements import (
    Scan,
    atom_scans,
    breathing_scan,
    dimer_scan,
    element_pairs,
    molecule_scans,
    pair_name,
    pair_scan,
)

SAME_DISTANCE_ANGSTROM = 1e-4
"""Jumps at distances this close are at one cutoff."""

KEPT_ENERGY_EV = 2e-4
KEPT_FORCE_EV_PER_ANGSTROM = 1e-2
"""What is left of a suspect after bisection is kept as a jump from here on; the check has the
last word."""

Jump = tuple[int, Scan, Interval, list[float]]


def probe_cutoff_continuity(subject: ProbeSubject) -> ProbeOutcome:
    """Scan in steps of 0.01 Å, and bisect every suspect step down to 1e-6 Å.

    Where the composition is free, two copies of the molecule are drawn apart to 15 Å in several
    directions, and every pair of elements alone (which shows whose jump it is, and decides
    nothing: two atoms of a stretched radical are no fair question to a quantum method).  Where it
    is fixed, the molecule breathes and one atom of each element is pulled out.  In a box, one
    molecule is moved to and fro by 0.5 Å in several directions: its many neighbours at the cutoff
    pass it.

    Args:
        subject: what to probe.

    Returns:
        For scan s: `coordinate_s`, `energies_ev_s`, `force_norm_s`, `refused_s` (P,); and of the
        jumps `jump_scan`, `jump_coordinate`, `jump_energy_ev`, `jump_force_ev_per_angstrom`,
        `jump_distance_angstrom` (J,) and `jump_history_ev` (J, R).
    """
    if subject.molecule.n_atoms < 2 and not subject.potential.composition_is_free:
        return not_applicable(f"{subject.molecule.name} is a single atom")
    arrays: dict[str, np.ndarray] = {}
    described: list[dict[str, Any]] = []
    jumps: list[Jump] = []
    for index, scan in enumerate(_scans(subject)):
        found = evaluate_each(subject, scan.molecule, scan.place(scan.coordinates))
        arrays |= _curves(index, scan, found)
        described.append({"name": scan.name, "kind": scan.kind, **found.refusals()})
        for interval, history in bisect(subject, scan, suspects(scan, found)):
            if _remains(interval):
                jumps.append((index, scan, interval, history))
    table, pairs = _table(jumps)
    return ProbeOutcome(
        data={"scans": described, "jump_pairs": pairs, "step": subject.spec.scan_step_angstrom},
        arrays={**arrays, **table, **measure_noise(subject)},
    )


def _scans(subject: ProbeSubject) -> list[Scan]:
    molecule, spec = subject.molecule, subject.spec
    if molecule.is_periodic:
        return molecule_scans(
            molecule,
            count=spec.dimer_directions,
            seed=subject.seed,
            step_angstrom=spec.scan_step_angstrom,
        )
    if not subject.potential.composition_is_free:
        pulled = atom_scans(
            molecule, stop_angstrom=spec.scan_end_angstrom, step_angstrom=spec.scan_step_angstrom
        )
        return [breathing_scan(molecule, step_angstrom=spec.scan_step_angstrom), *pulled]
    copies = [
        dimer_scan(
            molecule,
            number=number,
            seed=subject.seed,
            stop_angstrom=spec.scan_end_angstrom,
            step_angstrom=spec.scan_step_angstrom,
        )
        for number in range(spec.dimer_directions)
    ]
    alone = [
        pair_scan(
            first,
            second,
            start=float(covalent_radii_angstrom(np.array([first, second])).sum()),
            stop=spec.scan_end_angstrom,
            step=spec.scan_step_angstrom,
        )
        for first, second in element_pairs(molecule)
    ]
    return copies + alone


def _curves(index: int, scan: Scan, found: Points) -> dict[str, np.ndarray]:
    largest = np.linalg.norm(found.forces_ev_per_angstrom, axis=-1).max(axis=1)
    return {
        f"coordinate_{index}": scan.coordinates,
        f"energies_ev_{index}": found.energies_ev,
        f"force_norm_{index}": largest,
        f"refused_{index}": found.refused,
    }


def _remains(interval: Interval) -> bool:
    """Whether bisection left something; what is not finite is found in the curves."""
    return bool(
        interval.energy_jump_ev > KEPT_ENERGY_EV
        or interval.force_jump_ev_per_angstrom > KEPT_FORCE_EV_PER_ANGSTROM
    )


def _table(jumps: list[Jump]) -> tuple[dict[str, np.ndarray], list[str]]:
    """List the jumps, each with the pair of atoms that crossed the cutoff."""
    distances = [_crossing_distances(scan, interval) for _, scan, interval, _ in jumps]
    cutoff = common_distance(distances, tolerance_angstrom=SAME_DISTANCE_ANGSTROM)
    at, pairs = [], []
    for (_, scan, _, _), lengths in zip(jumps, distances, strict=True):
        nearest = int(np.argmin(np.abs(lengths - cutoff))) if cutoff is not None else 0
        shared = cutoff is not None and abs(lengths[nearest] - cutoff) <= SAME_DISTANCE_ANGSTROM
        known = shared or len(lengths) == 1
        at.append(float(lengths[nearest]) if known else np.nan)
        numbers = scan.molecule.atomic_numbers[scan.crossing[nearest]]
        pairs.append(pair_name(*numbers.tolist()) if known else "")
    rounds = max((len(history) for *_, history in jumps), default=0)
    histories = [history + [np.nan] * (rounds - len(history)) for *_, history in jumps]
    table = {
        "jump_scan": np.array([index for index, *_ in jumps], dtype=np.int64),
        "jump_coordinate": np.array([0.5 * (i.low + i.high) for _, _, i, _ in jumps]),
        "jump_energy_ev": np.array([i.energy_jump_ev for _, _, i, _ in jumps]),
        "jump_force_ev_per_angstrom": np.array(
            [i.force_jump_ev_per_angstrom for _, _, i, _ in jumps]
        ),
        "jump_distance_angstrom": np.array(at),
        "jump_history_ev": np.array(histories).reshape(len(jumps), rounds),
    }
    return table, pairs


def _crossing_distances(scan: Scan, interval: Interval) -> np.ndarray:
    """Give the interatomic distances that the scan changes, at the middle of an interval."""
    placed = scan.place(np.array([0.5 * (interval.low + interval.high)]))[0]
    apart = placed[scan.crossing[:, 0]] - placed[scan.crossing[:, 1]]
    if scan.molecule.cell_angstrom is None:
        return np.linalg.norm(apart, axis=1)
    return np.asarray(find_mic(apart, scan.molecule.cell_angstrom)[1])
