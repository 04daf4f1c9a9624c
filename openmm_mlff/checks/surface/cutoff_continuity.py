"""Do energy and forces stay continuous when atoms come within reach of each other?"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import ml_atoms, too_many_refused
from openmm_mlff.checks.surface import scans
from openmm_mlff.checks.surface.jumps import (
    FINER,
    GRANULAR_ULPS,
    Found,
    Jump,
    find_jumps,
    with_pairs,
)
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy, noise_of
from openmm_mlff.config import Limits
from openmm_mlff.granularity import local_ulps_ev
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

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
    """Points of scans, and the jumps found by bisection."""

    names: tuple[str, ...]  # of the scans
    kinds: tuple[str, ...]  # of the scans; see :class:`.scans.Scan`
    scan: np.ndarray = array("points")  # index of the scan of each point
    # ascending within a scan; Å, or a factor where the molecule breathes
    coordinate: np.ndarray = array("points")
    energies_ev: np.ndarray = array("points")
    force_norm: np.ndarray = array("points")  # largest force on an atom, eV/Å
    refused: np.ndarray = array("points")
    jumps: tuple[Jump, ...]  # the largest in energy first


def measure(subject: Subject) -> Record | NotApplicable:
    """Scan distances between atoms and search for jumps.

    Where the composition is free, two copies of the molecule are pulled apart to 15 Å, and where
    they jump, every pair of elements alone.  Where it is fixed, all distances are scaled, and one
    atom of each element (of an ML/MM system, of the ML part) is pulled out.  In a box, molecules
    are moved by 0.5 Å to either side, so that their many neighbours cross the cutoff.
    """
    molecule, is_free = subject.molecule, subject.potential.composition_is_free
    if molecule.n_atoms < 2 and (molecule.is_periodic or not is_free):
        return NotApplicable("no distance between atoms can be changed")
    begun = subject.evaluations
    planned = list(_scans(subject))
    found: list[Found] = []
    for scan in planned:
        subject.report("scans", len(found), len(planned))
        found.append(find_jumps(subject, scan, most=MOST_JUMPS))
    if is_free and not molecule.is_periodic and any(one.jumps for one in found):
        for scan in _alone(subject):
            if subject.evaluations - begun < EVALUATIONS_BEFORE_PAIRS:
                found.append(find_jumps(subject, scan, most=MOST_JUMPS_ALONE))
    curves = [one.curve for one in found]
    return Record(
        names=tuple(one.scan.name for one in found),
        kinds=tuple(one.scan.kind for one in found),
        scan=np.repeat(np.arange(len(found)), [len(curve.coordinates) for curve in curves]),
        coordinate=np.concatenate([curve.coordinates for curve in curves]),
        energies_ev=np.concatenate([curve.energies_ev for curve in curves]),
        force_norm=np.concatenate(
            [np.linalg.norm(curve.forces, axis=-1).max(axis=1) for curve in curves]
        ),
        refused=np.concatenate([curve.refused for curve in curves]),
        jumps=with_pairs(found),
        refusals=tuple(reason for one in found for reason in one.reasons)[:10],
        **noise_of(subject),
    )


def _scans(subject: Subject) -> Iterable[scans.Scan]:
    molecule, spec, stop = subject.molecule, subject.spec, subject.spec.scan_end_angstrom
    count, seed, step = spec.dimer_directions, subject.seed, FINER * spec.scan_step_angstrom
    if molecule.is_periodic:
        return scans.box_scans(molecule, at_least=count, seed=seed, step=step)
    if subject.potential.composition_is_free:
        return scans.dimer_scans(molecule, at_least=count, seed=seed, stop_angstrom=stop, step=step)
    described = ml_atoms(subject) if subject.potential.is_mixed else np.arange(molecule.n_atoms)
    pulled = scans.atom_scans(molecule, of=described, stop_angstrom=stop, step=step)
    return [scans.breathing_scan(molecule, step=step), *pulled]


def _alone(subject: Subject) -> Iterable[scans.Scan]:
    """Yield scans of the pairs of elements alone, from the covalent distance on."""
    # The curve of two atoms is simple, so that twice the step of the other scans is enough.
    step, stop = 2 * FINER * subject.spec.scan_step_angstrom, subject.spec.scan_end_angstrom
    for elements in scans.element_pairs(subject.molecule)[:MOST_PAIRS_ALONE]:
        pair = scans.two_atoms(elements)
        distances = np.arange(pair.positions_angstrom[1, 0], stop + 0.5 * step, step)
        yield scans.pair_scan(pair, [0, 1], lengths_angstrom=distances)


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest jumps with ``energy`` (meV) and ``forces`` (meV/Å).

    Energies or forces that are not finite FAIL; a jump that noise explains is INCONCLUSIVE.
    """
    alone = [k for k, kind in enumerate(record.kinds) if kind == ALONE]
    points, refused = ~np.isin(record.scan, alone), record.refused.astype(bool)
    if not points.any():
        return inconclusive("nothing was scanned")
    if undecided := too_many_refused(refused[points], reasons=record.refusals):
        return undecided
    evidence = _evidence(record)
    finite = np.isfinite(record.energies_ev) & np.isfinite(record.force_norm)
    lost = points & ~refused & ~finite
    if lost.any():
        first = record.scan[lost][0]
        where = record.coordinate[lost & (record.scan == first)]
        span = f"{record.names[int(first)]!r} (from {where[0]:.2f} to {where[-1]:.2f})"
        clause = f"the energy or a force is not finite at {len(where)} points of the scan {span}"
        return Judgement(Status.FAIL, clause, evidence=evidence)
    hidden_mev = GRANULAR_ULPS * evidence["energy_stairs_mev"]
    granular = f"steps of up to {hidden_mev:.3g} meV are the rounding of the energy"
    found = judged(
        _measures(record, limits, above=list(evidence["detection_limit"].values())),
        evidence=evidence,
        note=granular if hidden_mev > limits["energy"].value else "",
        refused=refused[points],
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
        jumps = [(getattr(jump, field), jump.at) for jump in record.jumps if jump.kind != ALONE]
        size, at = max((each for each in jumps if not each[0] <= least), default=(0.0, ""))
        clause = f"{what} jumps ({at}) by" if at else f"the largest jump of {what} is"
        measures.append(Measure(clause, size, limits[limit]))
    return measures


def _evidence(record: Record) -> dict[str, Any]:
    # The energy of two copies is twice as large, and so is its ulp.
    factor = 2.0 * DETECTABLE_SIGMAS * np.sqrt(2.0) * MEV_PER_EV
    # The jumps are sorted, and the largest of each pair is kept.
    alone = {jump.pair: jump.energy_mev for jump in reversed(record.jumps) if jump.kind == ALONE}
    curves = [record.energies_ev[record.scan == scan] for scan in np.unique(record.scan)]
    return {
        "jumps": [vars(jump) for jump in record.jumps[:_JUMPS_IN_EVIDENCE]],
        "energy_jump_mev_by_pair_alone": alone,
        "energy_stairs_mev": MEV_PER_EV * max(float(local_ulps_ev(one).max()) for one in curves),
        "detection_limit": {
            "energy_mev": factor * record.energy_noise_ev,
            "forces_mev_per_angstrom": factor * record.force_noise_ev_per_angstrom,
        },
    }


CHECK = define(
    __name__,
    formula="jumps of E and F along scans: steps of 0.05 Å, of 0.01 Å where these are suspicious, "
    "bisected to 1e-6 Å: a jump does not shrink, and exceeds two ulps of the energy",
    limits={"energy": "meV", "forces": "meV/Å"},
    source="a jump of 1 meV, once a picosecond in a molecule of ten atoms, is the allowed drift",
    consequence="The total energy drifts; dissociation, diffusion and condensed phases are wrong.",
    remedy="Multiply the output of the filter network, not its input, by a cutoff function that "
    "goes to zero with its slope; the report names the pair and the distance that jump.",
    needs=("minimum", "noise"),
)
