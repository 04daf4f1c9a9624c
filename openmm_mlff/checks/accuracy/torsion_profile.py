"""Do conformers and the barriers between them have the energies of the reference?"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from openmm_mlff.checks.accuracy.profiles import bond_profile
from openmm_mlff.checks.base import Check, Judgement, Measure, Subject
from openmm_mlff.checks.statistics import judged_with_intervals
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem, covalent_bonds, name_atoms
from openmm_mlff.molecules.torsions import Torsion, dihedral_degrees, rotatable_torsions
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

RELAXED_FORCE_EV_PER_ANGSTROM = 0.03
"""A loose tolerance suffices: both potentials are evaluated at the same geometries, and the rest
shifts both profiles equally."""

RELAXATION_STEPS = 150

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
    positions, faults = _scan(subject, torsions, angles=angles)
    usable = np.ones(angles.shape, dtype=bool)
    for row, column in faults:
        usable[row, column] = False
    both = np.concatenate([positions[usable], positions[usable] @ _ROTATION.T])
    ideal, model = subject.reference.evaluate(both), subject.evaluate(both)
    used = usable.copy()
    used[usable] = ~(ideal.refused | model.refused).reshape(2, -1).any(axis=0)
    energies = np.full((4, *angles.shape), np.nan)
    energies[:, usable] = np.concatenate([ideal.energies_ev, model.energies_ev]).reshape(4, -1)
    kinds = [kind for kind, _ in faults.values()]
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
        reference_refused=kinds.count("refused") + int(ideal.refused.sum()),
        unconverged=kinds.count("unconverged"),
        bonds_changed=kinds.count("bonds_changed"),
        model_refused=int(model.refused.reshape(2, -1).any(axis=0).sum()),
        reasons=(*why, *ideal.reasons, *model.reasons)[:10],
    )


def _scan(
    subject: Subject, torsions: Sequence[Torsion], *, angles: np.ndarray
) -> tuple[np.ndarray, dict[tuple[int, int], tuple[str, str]]]:
    """Relax the reference at one angle after the other, all bonds together.

    Each point starts from the geometry of its neighbour, rotated rigidly: started from the minimum,
    groups that would move out of the way on the path clash, and relax to another conformer.  For
    the same reason no guess of the Hessian is used: its long first steps leave the path.

    Returns:
        Geometries (R, A, N, 3), and kind and reason of each point that cannot be used.
    """
    molecule = subject.molecule
    here = np.repeat(molecule.positions_angstrom[None], len(torsions), axis=0)
    positions = np.empty((*angles.shape, *molecule.positions_angstrom.shape))
    faults = {}
    for column, degrees in enumerate(angles.T):
        subject.report("torsions", column, len(angles.T))
        found = subject.reference.relax_torsions(
            here,
            torsions=torsions,
            degrees=degrees,
            force_ev_per_angstrom=RELAXED_FORCE_EV_PER_ANGSTROM,
            max_steps=RELAXATION_STEPS,
        )
        positions[:, column] = found.positions_angstrom
        for row, placed in enumerate(found.positions_angstrom):
            fault = _fault(molecule, placed, largest=found.largest_force_ev_per_angstrom[row])
            if fault is None:
                here[row] = placed
            else:
                faults[row, column] = fault
    subject.report("torsions", len(angles.T), len(angles.T))
    return positions, faults


def _fault(
    molecule: MolecularSystem, positions_angstrom: np.ndarray, *, largest: float
) -> tuple[str, str] | None:
    """Return kind and reason why a relaxed point cannot be used; None where it can."""
    if not np.isfinite(largest):
        return "refused", "the reference refused the geometry"
    if largest > RELAXED_FORCE_EV_PER_ANGSTROM:
        reason = f"not relaxed in {RELAXATION_STEPS} steps, {largest:.2g} eV/Å are left"
        return "unconverged", reason
    if set(covalent_bonds(molecule.atomic_numbers, positions_angstrom)) != set(molecule.bonds):
        return "bonds_changed", "the reference rearranged the bonds"
    return None


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the profile of each bond, relative to the reference's lowest point.

    INCONCLUSIVE where a bond has less than four fifths of its points, or noise could change the
    outcome.  Limits, kcal/mol: ``minimum`` (the energy at each minimum of the reference),
    ``barrier`` (max − min) and ``rms`` (all points, the means aligned).
    """
    profiles = [bond_profile(record, row) for row in range(len(record.bonds))]
    measured = [
        (measure, profile["detection_limit_kcal_per_mol"])
        for profile in profiles
        if profile["judged"]
        for measure in _measures(profile, limits, reference=record.reference)
    ]
    unresolved = [
        f"{profile['points_used']} of {profile['points']} points of the rotation about "
        f"{profile['bond']} could be used; four fifths are needed"
        for profile in profiles
        if not profile["judged"]
    ]
    evidence = {
        "reference": record.reference,
        "profiles": profiles,
        "requested": record.angles_degrees.size,
        **{name: getattr(record, name) for name in (*_COUNTS, "reasons")},
    }
    return judged_with_intervals(measured, evidence=evidence, unresolved=unresolved)


def _measures(profile: dict[str, Any], limits: Limits, *, reference: str) -> list[Measure]:
    """Return the differences of one bond's profile with their limits."""
    bond, minima = profile["bond"], profile["minima"]
    # argmax returns an error that is not a number, if there is one.
    worst = minima[int(np.argmax([one["error_kcal_per_mol"] for one in minima]))]
    return [
        Measure(
            f"at the minimum of {reference} at {worst['angle_degrees']:.0f}° of {bond} the energy "
            f"is {worst['model_kcal_per_mol']:.3g} kcal/mol against "
            f"{worst['reference_kcal_per_mol']:.3g}, a difference of",
            worst["error_kcal_per_mol"],
            limits["minimum"],
        ),
        Measure(
            f"rotation about {bond} costs {profile['barrier_model_kcal_per_mol']:.3g} kcal/mol "
            f"against {profile['barrier_reference_kcal_per_mol']:.3g} by {reference}, a difference "
            "of",
            profile["barrier_error_kcal_per_mol"],
            limits["barrier"],
        ),
        Measure(
            f"the energy along the rotation about {bond} differs from {reference} by an RMS of",
            profile["rms_difference_kcal_per_mol"],
            limits["rms"],
        ),
    ]


_COUNTS = ("reference_refused", "unconverged", "bonds_changed", "model_refused")

CHECK = Check(
    id="torsion_profile",
    group="accuracy",
    question="Do conformers and the barriers between them have the energies of the reference?",
    formula="over 360° about each rotatable bond, geometries relaxed by the reference at a fixed "
    "dihedral angle, energies relative to the reference's lowest point: |E − E_ref| at each "
    "minimum of the reference, |(max E − min E) − (max E_ref − min E_ref)|, and the RMS of "
    "E − E_ref about its mean",
    unit="kcal/mol",
    limits={"minimum": "kcal/mol", "barrier": "kcal/mol", "rms": "kcal/mol"},
    source="mlipaudit's TorsionNet benchmark; 1 kcal/mol is 1.7 kT at 300 K, a factor of five in a "
    "population or a rate",
    consequence="Conformers have the wrong proportions and interconvert too often or never, which "
    "changes how a drug binds or a chain folds.",
    remedy="Add geometries along the rotation about the bond named, relaxed and labelled by the "
    "reference, to the training data.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "reference"),
)
