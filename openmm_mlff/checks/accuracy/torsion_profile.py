"""Do conformers and the barriers between them have the energies of the reference?"""

from collections import Counter
from typing import Any

import numpy as np

from openmm_mlff.checks.accuracy.torsion_scan import TorsionScan
from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import JUDGED_FRACTION, fields
from openmm_mlff.config import Limits, short_name
from openmm_mlff.molecules import name_atoms
from openmm_mlff.molecules.torsions import dihedral_degrees, rotatable_torsions
from openmm_mlff.plots import Axis, Panel, Plot, of_both
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import kcal_per_mol_from_ev

MOST_DRAWN_BONDS = 8

# A proper rotation by small whole numbers: Euler's, from the quaternion (1, 2, 3, 4).
_ROTATION = np.array([[-20.0, 4.0, 22.0], [20.0, -10.0, 20.0], [10.0, 28.0, 4.0]]) / 30.0


@record
class Record:
    """Energies at R bonds and A angles, on geometries that the reference relaxed.

    Repeats are of the same geometry rotated, which differs by noise alone.  Energies are NaN where
    a point cannot be used: the reference refused it, did not relax it or rearranged its bonds, or
    the potential refused it; `reasons` are those of the first such points.
    """

    reference: str
    bonds: tuple[str, ...]
    angles_degrees: np.ndarray = array("bonds", "angles")
    reference_energies_ev: np.ndarray = array("bonds", "angles")
    reference_repeat_energies_ev: np.ndarray = array("bonds", "angles")
    model_energies_ev: np.ndarray = array("bonds", "angles")
    model_repeat_energies_ev: np.ndarray = array("bonds", "angles")
    used: np.ndarray = array("bonds", "angles")
    reference_refused: int
    unconverged: int
    bonds_changed: int
    model_refused: int
    reasons: tuple[str, ...] = ()


def measure(subject: Subject) -> Record | NotApplicable:
    """Rotate about each bond by 360°; the reference relaxes all else at each angle."""
    molecule = subject.molecule
    if molecule.is_periodic:
        return NotApplicable("bonds in a box are not rotated; validate its molecules alone")
    torsions = rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )
    if not torsions:
        return NotApplicable("the molecule has no rotatable bond")
    names = tuple(name_atoms(molecule.atomic_numbers, torsion.bond) for torsion in torsions)
    points = round(360.0 / subject.spec.torsion_step_degrees)
    first = [dihedral_degrees(molecule.positions_angstrom, atoms=t.atoms) for t in torsions]
    angles = np.array(first)[:, None] + 360.0 / points * np.arange(points)
    scan = TorsionScan(subject, torsions, angles)
    scan.run()
    positions, faults = scan.positions_angstrom, scan.faults
    used = np.isfinite(scan.energies_ev)
    both = np.stack([positions[used], positions[used] @ _ROTATION.T])
    ideal, model = subject.reference.evaluate(both), subject.evaluate(both)
    energies = np.full((4, *angles.shape), np.nan)
    energies[:, used] = np.concatenate([ideal.energies_ev, model.energies_ev])
    used[used] = ~(ideal.refused | model.refused).any(axis=0)
    kinds = Counter(kind for kind, _ in faults.values())
    why = [
        f"{names[row]} at {angles[row, column]:.0f}°: {reason}"
        for (row, column), (_, reason) in faults.items()
    ]
    return Record(
        reference=subject.reference.spec,
        bonds=names,
        angles_degrees=angles,
        reference_energies_ev=energies[0],
        reference_repeat_energies_ev=energies[1],
        model_energies_ev=energies[2],
        model_repeat_energies_ev=energies[3],
        used=used,
        reference_refused=kinds["refused"] + int(ideal.refused.sum()),
        unconverged=kinds["unconverged"],
        bonds_changed=kinds["bonds_changed"],
        model_refused=int(model.refused.any(axis=0).sum()),
        reasons=(*why, *ideal.reasons, *model.reasons)[:10],
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the profile of each bond with ``minimum``, ``barrier`` and ``rms`` (kcal/mol)."""
    profiles = [_profile(record, row) for row in range(len(record.bonds))]
    measures: list[Measure] = []
    unresolved = []
    for profile in profiles:
        if profile["judged"]:
            measures += _measures(profile, limits, reference=short_name(record.reference))
        else:
            used = f"{profile['points_used']} of {profile['points']} points of the rotation about"
            unresolved.append(f"{used} {profile['bond']} could be used; four fifths are needed")
    counts = ("reference_refused", "unconverged", "bonds_changed", "model_refused", "reasons")
    evidence = {"profiles": profiles, **fields(record, "reference", *counts)}
    if unresolved and not any(measure.status is Status.FAIL for measure in measures):
        return inconclusive(unresolved[0], evidence=evidence)
    return judged(measures, evidence=evidence)


def _profile(record: Record, row: int) -> dict[str, Any]:
    """Return one bond's profile; energies in kcal/mol from the reference's lowest point."""
    used = record.used[row] > 0.0
    found = {
        "bond": record.bonds[row],
        "points": len(used),
        "points_used": int(used.sum()),
        "judged": bool(used.any() and used.sum() >= JUDGED_FRACTION * len(used)),
    }
    if not found["judged"]:
        return found
    model, model_repeat, ideal, ideal_repeat = (
        kcal_per_mol_from_ev(getattr(record, f"{name}_energies_ev")[row][used])
        for name in ("model", "model_repeat", "reference", "reference_repeat")
    )
    # The two evaluations of a point differ by √2 of its noise, and what is judged is a difference
    # of two points, or less noisy: one standard error of it is their root mean square.
    shifts = np.stack([model_repeat - model, ideal_repeat - ideal])
    noise = float(np.sqrt(np.mean(shifts**2, axis=1).sum()))
    lowest = int(np.argmin(ideal))
    model, ideal = model - model[lowest], ideal - ideal[lowest]
    if not np.isfinite(shifts[0]).all():
        # Energies that are not finite once the molecule is rotated cannot be used.
        model = np.full_like(model, np.nan)
    return found | {
        "barrier_model_kcal_per_mol": float(np.ptp(model)),
        "barrier_reference_kcal_per_mol": float(np.ptp(ideal)),
        "detection_limit_kcal_per_mol": 2.0 * noise,
        "angles_degrees": record.angles_degrees[row][used],
        "model_kcal_per_mol": model,
        "reference_kcal_per_mol": ideal,
    }


def _measures(profile: dict[str, Any], limits: Limits, *, reference: str) -> list[Measure]:
    """Return the differences of one bond's profile with their limits."""
    bond = profile["bond"]
    model, ideal = profile["model_kcal_per_mol"], profile["reference_kcal_per_mol"]
    barriers = profile["barrier_model_kcal_per_mol"], profile["barrier_reference_kcal_per_mol"]
    # The profile closes upon itself.
    minima = np.flatnonzero(ideal <= np.minimum(np.roll(ideal, 1), np.roll(ideal, -1)))
    # argmax returns an error that is not a number, if there is one.
    worst = minima[int(np.argmax(np.abs(model - ideal)[minima]))]
    clauses = {
        "minimum": f"at the minimum of {reference} at {profile['angles_degrees'][worst]:.0f}° of "
        f"{bond} the energy is {model[worst]:.3g} kcal/mol against {ideal[worst]:.3g}, a "
        "difference of",
        "barrier": f"rotation about {bond} costs {barriers[0]:.3g} kcal/mol against "
        f"{barriers[1]:.3g} by {reference}, a difference of",
        "rms": f"the energy along the rotation about {bond} differs from {reference} by an RMS of",
    }
    values = abs(model[worst] - ideal[worst]), abs(barriers[0] - barriers[1]), np.std(model - ideal)
    half_width = profile["detection_limit_kcal_per_mol"]
    return [
        Measure(clause, float(value), limits[name], half_width=half_width)
        for (name, clause), value in zip(clauses.items(), values, strict=True)
    ]


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the profile of each bond that is judged, the first eight."""
    profiles = [_profile(record, row) for row in range(len(record.bonds))]
    judged = [profile for profile in profiles if profile["judged"]][:MOST_DRAWN_BONDS]
    panels, barriers = [], []
    for profile in judged:
        angles = (profile["angles_degrees"] + 180.0) % 360.0 - 180.0
        order = np.argsort(angles)
        model, ideal = (profile[f"{name}_kcal_per_mol"] for name in ("model", "reference"))
        marks = of_both(angles[order], model[order], ideal[order], markers=True)
        x_axis = Axis("Dihedral angle (°)", (-180.0, 180.0), ticks=(-180.0, 0.0, 180.0))
        panels.append(Panel(x_axis, Axis("Energy (kcal/mol)"), marks, profile["bond"]))
        barriers.append(f"{profile['bond']} {np.ptp(model):.3g} against {np.ptp(ideal):.3g}")
    caption = (
        f"Geometries are relaxed by {short_name(record.reference)}, energies above its lowest one. "
        f"Barriers (kcal/mol): {', '.join(barriers)}."
    )
    columns = min(len(panels), 4)
    plot = Plot("Torsion profiles", panels, caption, "torsions", columns, height_inch=1.7)
    return [plot] if panels else []


CHECK = define(
    __name__,
    formula="over 360° about each rotatable bond, geometries relaxed by the reference at a fixed "
    "dihedral angle, energies relative to the reference's lowest point: |E − E_ref| at each "
    "minimum of the reference, |(max E − min E) − (max E_ref − min E_ref)|, and the RMS of "
    "E − E_ref about its mean",
    limits={"minimum": "kcal/mol", "barrier": "kcal/mol", "rms": "kcal/mol"},
    source="mlipaudit's TorsionNet benchmark; 1 kcal/mol is 1.7 kT at 300 K, a factor of five in a "
    "population or a rate",
    consequence="Conformers have the wrong proportions and interconvert too often or never, which "
    "changes how a drug binds or a chain folds.",
    remedy="Add geometries along the rotation about the bond named, relaxed and labelled by the "
    "reference, to the training data.",
    needs=("minimum", "reference"),
)
