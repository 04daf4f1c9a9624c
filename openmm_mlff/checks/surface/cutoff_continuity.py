"""Do energy and forces stay continuous when atoms come within reach of each other?"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import refusal_note, too_many_refused
from openmm_mlff.checks.surface.jumps import FINER, GRANULAR_ULPS, Jump, find_jumps, with_pairs
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy, noise_of
from openmm_mlff.checks.surface.scans import (
    Scan,
    atom_scans,
    box_scans,
    breathing_scan,
    dimer_scans,
    element_pairs,
    pair_scan,
    two_atoms,
)
from openmm_mlff.config import Limits
from openmm_mlff.granularity import local_ulps_ev
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

ALONE = "pair"
"""Scans of two atoms alone show whose jump it is and decide nothing: a stretched radical is no
meaningful test of a quantum method."""

MOST_JUMPS = 8
MOST_JUMPS_ALONE = 2
"""Of each scan: one is enough to fail."""

MOST_PAIRS_ALONE = 10
EVALUATIONS_BEFORE_PAIRS = 4400
"""After more, no further pair is scanned alone: 5000 are a quarter of the NVE run's."""
_JUMPS_IN_EVIDENCE = 20


@record
class Record(Noisy):
    """Points of S scans, and the jumps that bisection left.

    Attributes:
        names: of the scans.
        kinds: of the scans; see :class:`openmm_mlff.checks.surface.scans.Scan`.
        scan: index of the scan of each point.
        coordinate: of each point, ascending within a scan; Å, or a factor where the molecule
            breathes.
        energies_ev: of each point.
        force_norm: largest force on an atom, eV/Å.
        refused: where the potential refused to answer.
        jumps: the largest in energy first.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    scan: np.ndarray = array("points")
    coordinate: np.ndarray = array("points")
    energies_ev: np.ndarray = array("points")
    force_norm: np.ndarray = array("points")
    refused: np.ndarray = array("points")
    jumps: tuple[Jump, ...]


def measure(subject: "Subject") -> Record | NotApplicable:
    """Examine coarse scans, and fine ones and bisection where something may jump.

    Where the composition is free, two copies of the molecule are pulled apart to 15 Å, and where
    they jump, every pair of elements alone.  Where it is fixed, the molecule breathes and one atom
    of each element is pulled out.  In a box, molecules are moved by 0.5 Å to either side: their
    many neighbours at the cutoff cross it.

    Args:
        subject: what is measured.

    Returns:
        The points and the jumps; not applicable where no distance can be changed.
    """
    molecule, is_free = subject.molecule, subject.potential.composition_is_free
    if molecule.n_atoms < 2 and (molecule.is_periodic or not is_free):
        return NotApplicable("no distance between atoms can be changed")
    begun, scans = subject.evaluations, list(_scans(subject))
    found = [find_jumps(subject, scan, most=MOST_JUMPS) for scan in scans]
    if is_free and not molecule.is_periodic and any(jumps for _, _, jumps in found):
        for scan in _alone(subject):
            if subject.evaluations - begun < EVALUATIONS_BEFORE_PAIRS:
                scans.append(scan)
                found.append(find_jumps(subject, scan, most=MOST_JUMPS_ALONE))
    curves = [curve for curve, _, _ in found]
    return Record(
        names=tuple(scan.name for scan in scans),
        kinds=tuple(scan.kind for scan in scans),
        scan=np.repeat(np.arange(len(scans)), [len(curve.coordinates) for curve in curves]),
        coordinate=np.concatenate([curve.coordinates for curve in curves]),
        energies_ev=np.concatenate([curve.energies_ev for curve in curves]),
        force_norm=np.concatenate(
            [np.linalg.norm(curve.forces, axis=-1).max(axis=1) for curve in curves]
        ),
        refused=np.concatenate([curve.refused for curve in curves]),
        jumps=with_pairs(
            [(scan, jump) for scan, (*_, jumps) in zip(scans, found, strict=True) for jump in jumps]
        ),
        refusals=tuple(reason for _, reasons, _ in found for reason in reasons)[:10],
        **noise_of(subject),
    )


def _scans(subject: "Subject") -> Iterable[Scan]:
    molecule, spec = subject.molecule, subject.spec
    step, stop, count = (
        FINER * spec.scan_step_angstrom,
        spec.scan_end_angstrom,
        spec.dimer_directions,
    )
    if molecule.is_periodic:
        return box_scans(molecule, at_least=count, seed=subject.seed, step=step)
    if not subject.potential.composition_is_free:
        pulled = atom_scans(molecule, stop_angstrom=stop, step=step)
        return [breathing_scan(molecule, step=step), *pulled]
    return dimer_scans(molecule, at_least=count, seed=subject.seed, stop_angstrom=stop, step=step)


def _alone(subject: "Subject") -> Iterable[Scan]:
    """Yield scans of the pairs of elements alone, from the covalent distance on."""
    # Two atoms have a plain curve; twice the step of the other scans shows its jumps, too.
    step, stop = 2 * FINER * subject.spec.scan_step_angstrom, subject.spec.scan_end_angstrom
    for first, second in element_pairs(subject.molecule)[:MOST_PAIRS_ALONE]:
        pair = two_atoms(first, second)
        start = float(pair.positions_angstrom[1, 0])
        yield pair_scan(pair, distances_angstrom=np.arange(start, stop + 0.5 * step, step))


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the jumps that bisection did not make smaller with their limits.

    Args:
        record: points and jumps.
        limits: ``energy`` (meV), ``forces`` (meV/Å).

    Returns:
        PASS where no jump exceeds its limit and every number is finite.
    """
    is_judged = np.array([kind != ALONE for kind in record.kinds], dtype=bool)
    points = is_judged[record.scan.astype(int)]
    if not points.any():
        return inconclusive("nothing was scanned")
    refused = record.refused[points].astype(bool)
    undecided = too_many_refused(refused, reasons=record.refusals)
    if undecided is not None:
        return undecided
    evidence = _evidence(record, points=len(refused))
    lost = ~(np.isfinite(record.energies_ev) & np.isfinite(record.force_norm)) & points
    lost &= ~record.refused.astype(bool)
    if lost.any():
        clause = _not_finite(record, lost=lost)
        return Judgement(Status.FAIL, clause, evidence=evidence)
    jumps = [jump for jump in record.jumps if jump.kind != ALONE]
    clear = [_without_noise(jump, evidence["detection_limit"]) for jump in jumps]
    notes = filter(None, (_granularity_note(evidence, limits), refusal_note(refused)))
    found = judged(_measures(clear, limits=limits), evidence=evidence, note="; ".join(notes))
    everything = judged(_measures(jumps, limits=limits))
    if found.status is not everything.status:
        reason = "no more than two evaluations of one point may differ by; run in double precision"
        return inconclusive(f"{everything.clause}, {reason}", evidence=evidence)
    return found


def _without_noise(jump: Jump, detection: dict[str, float]) -> Jump:
    """Return a jump without what is no more than the noise of energy or force."""
    energy, force = jump.energy_mev, jump.force_mev_per_angstrom
    return replace(
        jump,
        energy_mev=0.0 if energy <= detection["energy_mev"] else energy,
        force_mev_per_angstrom=0.0 if force <= detection["forces_mev_per_angstrom"] else force,
    )


def _granularity_note(evidence: dict[str, Any], limits: Limits) -> str:
    """Return what the granularity of the energy hides; empty where that is within the limit."""
    hidden_mev = GRANULAR_ULPS * evidence["energy_stairs_mev"]
    if hidden_mev <= limits["energy"].value:
        return ""
    return (
        f"the energy is a staircase of {evidence['energy_stairs_mev']:.3g} meV, so that steps of "
        f"up to {hidden_mev:.3g} meV are no jumps"
    )


def _measures(jumps: Sequence[Jump], *, limits: Limits) -> list[Measure]:
    """Compare the largest jumps of energy and of force."""
    if not jumps:
        clause = "nothing jumps along the scans; the largest jump of {} is"
        return [
            Measure(clause.format("the energy"), 0.0, limits["energy"]),
            Measure(clause.format("a force"), 0.0, limits["forces"]),
        ]
    highest = max(jumps, key=lambda jump: jump.energy_mev)
    hardest = max(jumps, key=lambda jump: jump.force_mev_per_angstrom)
    return [
        Measure(f"the energy jumps ({highest.at}) by", highest.energy_mev, limits["energy"]),
        Measure(
            f"a force jumps ({hardest.at}) by", hardest.force_mev_per_angstrom, limits["forces"]
        ),
    ]


def _not_finite(record: Record, *, lost: np.ndarray) -> str:
    """Return where in the first scan with such points energy or force is not finite."""
    scan = int(record.scan[lost][0])
    here = record.scan == scan
    first, last = record.coordinate[lost & here][[0, -1]]
    return (
        f"the energy or a force is not a finite number at {int((lost & here).sum())} of "
        f"{int(here.sum())} points of the scan {record.names[scan]!r} (from {first:.2f} to "
        f"{last:.2f})"
    )


def _evidence(record: Record, *, points: int) -> dict[str, Any]:
    # Of two copies the total is twice as large, and so is its ulp.
    factor = 2.0 * DETECTABLE_SIGMAS * np.sqrt(2.0) * MEV_PER_EV
    by_pair: dict[str, float] = {}
    for jump in record.jumps:
        if jump.kind == ALONE:
            by_pair.setdefault(jump.pair, jump.energy_mev)
    return {
        "scans": list(record.names),
        "points": points,
        "jumps": [vars(jump) for jump in record.jumps[:_JUMPS_IN_EVIDENCE]],
        "jumps_found": len(record.jumps),
        "energy_jump_mev_by_pair_alone": by_pair,
        "energy_stairs_mev": MEV_PER_EV
        * max(
            float(local_ulps_ev(record.energies_ev[record.scan == scan]).max())
            for scan in np.unique(record.scan)
        ),
        "detection_limit": {
            "energy_mev": factor * record.energy_noise_ev,
            "forces_mev_per_angstrom": factor * record.force_noise_ev_per_angstrom,
        },
    }


CHECK = Check(
    id="cutoff_continuity",
    group="surface",
    question="Do energy and forces stay continuous when atoms come within reach of each other?",
    formula="jumps of E and F along scans: steps of 0.05 Å, of 0.01 Å where these are suspicious, "
    "bisected to 1e-6 Å: a jump does not shrink, and exceeds two ulps of the energy",
    unit="meV",
    limits={"energy": "meV", "forces": "meV/Å"},
    source="a jump of 1 meV, once a picosecond in a molecule of ten atoms, is the allowed drift",
    consequence="Each time two atoms cross the cutoff, the molecule gains or loses energy: the "
    "total energy drifts, and dissociation, diffusion and condensed phases are wrong.",
    remedy="Multiply the output of the filter network, not its input, by a cutoff function that "
    "goes to zero with its slope; the report names the pair and the distance that jump.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "noise"),
)
