"""Do energy and forces stay continuous when atoms come within reach of each other?"""

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import refusal_note, too_many_refused
from openmm_mlff.checks.surface import scans
from openmm_mlff.checks.surface.jumps import FINER, GRANULAR_ULPS, Jump, find_jumps, with_pairs
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy, noise_of
from openmm_mlff.config import Limits
from openmm_mlff.granularity import local_ulps_ev
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

ALONE = "pair"
"""Scans of two atoms alone show which pair jumps, and are not judged: stretched radicals are no
meaningful test of a quantum method."""

MOST_JUMPS = 8
MOST_JUMPS_ALONE = 2  # of each scan: one is enough to fail
MOST_PAIRS_ALONE = 10
EVALUATIONS_BEFORE_PAIRS = 4400  # no further pair is scanned after these; an NVE run needs 20,000
_JUMPS_IN_EVIDENCE = 20


@record
class Record(Noisy):
    """Points of scans, and the jumps found by bisection.

    Attributes:
        names: of the scans.
        kinds: of the scans; see :class:`.scans.Scan`.
        scan: index of the scan of each point.
        coordinate: ascending within a scan; Å, or a factor where the molecule breathes.
        force_norm: largest force on an atom, eV/Å.
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
    """Scan distances between atoms and search for jumps.

    Where the composition is free, two copies of the molecule are pulled apart to 15 Å, and where
    they jump, every pair of elements alone.  Where it is fixed, all distances are scaled, and one
    atom of each element is pulled out.  In a box, molecules are moved by 0.5 Å to either side, so
    that their many neighbours cross the cutoff.
    """
    molecule, is_free = subject.molecule, subject.potential.composition_is_free
    if molecule.n_atoms < 2 and (molecule.is_periodic or not is_free):
        return NotApplicable("no distance between atoms can be changed")
    begun, lines = subject.evaluations, list(_scans(subject))
    found = [find_jumps(subject, scan, most=MOST_JUMPS) for scan in lines]
    if is_free and not molecule.is_periodic and any(jumps for _, _, jumps in found):
        for scan in _alone(subject):
            if subject.evaluations - begun < EVALUATIONS_BEFORE_PAIRS:
                lines.append(scan)
                found.append(find_jumps(subject, scan, most=MOST_JUMPS_ALONE))
    curves = [curve for curve, _, _ in found]
    forces = np.concatenate([np.linalg.norm(one.forces, axis=-1).max(axis=1) for one in curves])
    jumps = [(scan, jump) for scan, (*_, jumps) in zip(lines, found, strict=True) for jump in jumps]
    return Record(
        names=tuple(scan.name for scan in lines),
        kinds=tuple(scan.kind for scan in lines),
        scan=np.repeat(np.arange(len(lines)), [len(curve.coordinates) for curve in curves]),
        coordinate=np.concatenate([curve.coordinates for curve in curves]),
        energies_ev=np.concatenate([curve.energies_ev for curve in curves]),
        force_norm=forces,
        refused=np.concatenate([curve.refused for curve in curves]),
        jumps=with_pairs(jumps),
        refusals=tuple(reason for _, reasons, _ in found for reason in reasons)[:10],
        **noise_of(subject),
    )


def _scans(subject: "Subject") -> Iterable[scans.Scan]:
    molecule, spec, stop = subject.molecule, subject.spec, subject.spec.scan_end_angstrom
    count, seed, step = spec.dimer_directions, subject.seed, FINER * spec.scan_step_angstrom
    if molecule.is_periodic:
        return scans.box_scans(molecule, at_least=count, seed=seed, step=step)
    if subject.potential.composition_is_free:
        return scans.dimer_scans(molecule, at_least=count, seed=seed, stop_angstrom=stop, step=step)
    pulled = scans.atom_scans(molecule, stop_angstrom=stop, step=step)
    return [scans.breathing_scan(molecule, step=step), *pulled]


def _alone(subject: "Subject") -> Iterable[scans.Scan]:
    """Yield scans of the pairs of elements alone, from the covalent distance on."""
    # The curve of two atoms is simple, so that twice the step of the other scans is enough.
    step, stop = 2 * FINER * subject.spec.scan_step_angstrom, subject.spec.scan_end_angstrom
    for elements in scans.element_pairs(subject.molecule)[:MOST_PAIRS_ALONE]:
        start = scans.covalent_sum_angstrom(np.array(elements))
        distances = np.arange(start, stop + 0.5 * step, step)
        yield scans.pair_scan(scans.two_atoms(*elements), distances_angstrom=distances)


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest jumps with ``energy`` (meV) and ``forces`` (meV/Å).

    Energies or forces that are not finite FAIL; a jump that noise explains is INCONCLUSIVE.
    """
    is_judged = np.array([kind != ALONE for kind in record.kinds], dtype=bool)
    points = is_judged[record.scan.astype(int)]
    if not points.any():
        return inconclusive("nothing was scanned")
    refused = record.refused[points].astype(bool)
    if undecided := too_many_refused(refused, reasons=record.refusals):
        return undecided
    evidence = _evidence(record, points=len(refused))
    lost = ~(np.isfinite(record.energies_ev) & np.isfinite(record.force_norm))
    lost &= points & ~record.refused.astype(bool)
    if lost.any():
        return Judgement(Status.FAIL, _not_finite(record, lost=lost), evidence=evidence)
    hidden_mev = GRANULAR_ULPS * evidence["energy_stairs_mev"]
    granular = f"steps of up to {hidden_mev:.3g} meV are the rounding of the energy"
    notes = granular if hidden_mev > limits["energy"].value else "", refusal_note(refused)
    found = judged(
        _measures(record, limits, above=list(evidence["detection_limit"].values())),
        evidence=evidence,
        note="; ".join(filter(None, notes)),
    )
    everything = judged(_measures(record, limits, above=[0.0, 0.0]))
    if found.status is not everything.status:
        reason = "which noise explains; run in double precision"
        return inconclusive(f"{everything.clause}, {reason}", evidence=evidence)
    return found


def _measures(record: Record, limits: Limits, *, above: list[float]) -> list[Measure]:
    """Compare the largest jumps of energy and of force above some sizes, meV and meV/Å."""
    measures = []
    names = ("the energy", "energy_mev", "energy"), ("a force", "force_mev_per_angstrom", "forces")
    for (what, field, limit), least in zip(names, above, strict=True):
        jumps = [jump for jump in record.jumps if jump.kind != ALONE]
        jump = max(jumps, key=attrgetter(field), default=None)
        clause, size = f"along the scans, the largest jump of {what} is", 0.0
        if jump is not None and not getattr(jump, field) <= least:
            clause, size = f"{what} jumps ({jump.at}) by", getattr(jump, field)
        measures.append(Measure(clause, size, limits[limit]))
    return measures


def _not_finite(record: Record, *, lost: np.ndarray) -> str:
    """Return the range of the first scan in which energy or force is not finite."""
    scan = int(record.scan[lost][0])
    here = record.scan == scan
    first, last = record.coordinate[lost & here][[0, -1]]
    return (
        f"the energy or a force is not finite at {int((lost & here).sum())} of {int(here.sum())} "
        f"points of the scan {record.names[scan]!r} (from {first:.2f} to {last:.2f})"
    )


def _evidence(record: Record, *, points: int) -> dict[str, Any]:
    # The energy of two copies is twice as large, and so is its ulp.
    factor = 2.0 * DETECTABLE_SIGMAS * np.sqrt(2.0) * MEV_PER_EV
    by_pair: dict[str, float] = {}
    for jump in record.jumps:
        if jump.kind == ALONE:
            by_pair.setdefault(jump.pair, jump.energy_mev)
    curves = [record.energies_ev[record.scan == scan] for scan in np.unique(record.scan)]
    return {
        "scans": list(record.names),
        "points": points,
        "jumps": [vars(jump) for jump in record.jumps[:_JUMPS_IN_EVIDENCE]],
        "jumps_found": len(record.jumps),
        "energy_jump_mev_by_pair_alone": by_pair,
        "energy_stairs_mev": MEV_PER_EV * max(float(local_ulps_ev(one).max()) for one in curves),
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
    consequence="The total energy drifts; dissociation, diffusion and condensed phases are wrong.",
    remedy="Multiply the output of the filter network, not its input, by a cutoff function that "
    "goes to zero with its slope; the report names the pair and the distance that jump.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "noise"),
)
