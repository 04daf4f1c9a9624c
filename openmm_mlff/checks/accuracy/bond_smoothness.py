"""Do the forces follow the reference's where a bond is compressed or stretched?"""

from functools import partial

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import fields, too_few
from openmm_mlff.config import Limits, short_name
from openmm_mlff.molecules import (
    MolecularSystem,
    alike_atoms,
    atoms_beyond,
    covalent_radii_angstrom,
    name_atoms,
)
from openmm_mlff.plots import Axis, Event, Panel, Plot, of_both
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

ENDS = 0.65, 1.75  # of the sum of the covalent radii
COMPRESSED, STRETCHED = 14, 26  # intervals on either side of the length at the minimum

HIGHEST_EV = 3.0
"""Above the minimum; 120 kT at 300 K.  Farther out, where no molecule of a simulation comes, the
forces grow or fall by orders of magnitude, and healthy students depart at rates of 60/Å."""

SMALLEST_SQUARE = 1.0  # (eV/Å)²; about the minimum both changes vanish, and their ratio is noise
MOST_DRAWN_BONDS = 8

SIDES = {"compression": slice(0, COMPRESSED + 1), "stretch": slice(COMPRESSED, None)}


@record
class Record:
    """Squares ‖F − F(minimum)‖² over all atoms at P lengths of B bonds, (eV/Å)²; NaN where refused.

    The length at the minimum is that of index 14.
    """

    reference: str
    bonds: tuple[str, ...]
    lengths_angstrom: np.ndarray = array("bonds", "points")
    model_squares: np.ndarray = array("bonds", "points")
    reference_squares: np.ndarray = array("bonds", "points")
    reference_energies_ev: np.ndarray = array("bonds", "points")
    model_refused: np.ndarray = array("bonds", "points")
    reasons: tuple[str, ...] = ()

    @property
    def near(self) -> np.ndarray:
        """Whether the reference rises to 3 eV neither at a point nor on the way to it, (B, P)."""
        rises = self.reference_energies_ev - self.reference_energies_ev[:, [COMPRESSED]]
        high = rises > HIGHEST_EV
        inwards = np.logical_or.accumulate(high[:, COMPRESSED::-1], axis=1)[:, ::-1]
        outwards = np.logical_or.accumulate(high[:, COMPRESSED:], axis=1)
        return ~np.concatenate([inwards[:, :-1], outwards], axis=1)

    @property
    def used(self) -> np.ndarray:
        """Whether neither refused a point, (B, P)."""
        return np.isfinite(self.reference_squares) & ~self.model_refused


def measure(subject: Subject) -> Record | NotApplicable:
    """Scan one of all bonds that are alike, both sides rigid; bonds in rings are left out."""
    molecule = subject.molecule
    if molecule.is_periodic:
        return NotApplicable("bonds in a box are not scanned; validate its molecules alone")
    scanned = scanned_bonds(molecule)
    if not scanned:
        return NotApplicable("the molecule has no bond outside a ring")
    lengths, placed = zip(*(scan(molecule, bond, moved) for bond, moved in scanned), strict=True)
    model, ideal = subject.evaluate(np.stack(placed)), subject.reference.evaluate(np.stack(placed))
    return Record(
        reference=subject.reference.spec,
        bonds=tuple(name_atoms(molecule.atomic_numbers, bond) for bond, _ in scanned),
        lengths_angstrom=np.stack(lengths),
        model_squares=_squares(model.forces_ev_per_angstrom),
        reference_squares=_squares(ideal.forces_ev_per_angstrom),
        reference_energies_ev=ideal.energies_ev,
        model_refused=model.refused,
        reasons=(*model.reasons, *ideal.reasons)[:10],
    )


def _squares(forces: np.ndarray) -> np.ndarray:
    return np.asarray(np.sum((forces - forces[:, COMPRESSED, None]) ** 2, axis=(2, 3)))


def scanned_bonds(molecule: MolecularSystem) -> list[tuple[tuple[int, int], tuple[int, ...]]]:
    """Return one bond of each kind that is not in a ring, with the atoms beyond it."""
    kinds = alike_atoms(molecule.atomic_numbers, bonds=molecule.bonds)
    firsts: dict[tuple[int, ...], tuple[int, int]] = {}
    for i, j in molecule.bonds:
        firsts.setdefault(tuple(sorted((kinds[i], kinds[j]))), (i, j))
    beyond = partial(atoms_beyond, n_atoms=molecule.n_atoms, bonds=molecule.bonds)
    return [(bond, moved) for bond in firsts.values() if (moved := beyond(bond))]


def scan(
    molecule: MolecularSystem, bond: tuple[int, int], moved: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Return lengths of the bond, (P,), Å, and the positions at each, (P, N, 3), Å."""
    start = molecule.positions_angstrom
    axis = start[bond[1]] - start[bond[0]]
    length = float(np.linalg.norm(axis))
    covalent_sum = float(covalent_radii_angstrom(molecule.atomic_numbers[list(bond)]).sum())
    shortest, longest = (end * covalent_sum for end in ENDS)
    inwards = np.linspace(shortest, length, COMPRESSED + 1)
    lengths = np.append(inwards, np.linspace(length, longest, STRETCHED + 1)[1:])
    tangent = np.zeros_like(start)
    tangent[list(moved)] = axis / length
    return lengths, start + (lengths - length)[:, None, None] * tangent


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the FSD of compressed and stretched bonds with ``compression``, ``stretch`` (1/Å).

    Noise of the forces of 0.01 eV/Å changes it by less than 1/Å.
    """
    measures, evidence = [], fields(record, "reference", "bonds", "reasons")
    model, ideal = record.model_squares, record.reference_squares
    log_ratios = np.log(np.maximum(model, SMALLEST_SQUARE) / np.maximum(ideal, SMALLEST_SQUARE))
    for side, points in SIDES.items():
        near, lengths = record.near[:, points], record.lengths_angstrom[:, points]
        used = near & record.used[:, points]
        reason = f"{used.sum()} of {near.sum()} points of the {side} of bonds could be used"
        if undecided := too_few(used.sum(), near.sum(), reason, evidence=evidence):
            return undecided
        rates = np.abs(np.diff(log_ratios[:, points])) / np.diff(lengths)
        rates[~(used[:, 1:] & used[:, :-1])] = 0.0
        # argmax returns a rate that is not a number, if there is one.
        bond, place = np.unravel_index(np.argmax(rates), rates.shape)
        evidence[f"{side}_by_bond"] = rates.max(axis=1)
        clause = (
            f"at a length of {lengths[bond, place : place + 2].mean():.2f} Å of "
            f"{record.bonds[bond]} the change of the forces departs from that of "
            f"{short_name(record.reference)} at a rate of"
        )
        measures.append(Measure(clause, float(rates[bond, place]), limits[side]))
    return judged(measures, evidence=evidence)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the change of the forces along the scan of each bond, the first eight."""
    panels = []
    for row, name in enumerate(record.bonds[:MOST_DRAWN_BONDS]):
        lengths, used = record.lengths_angstrom[row], (record.near & record.used)[row]
        if not used.any():
            continue
        curves = [
            np.where(used, np.sqrt(np.maximum(squares[row], SMALLEST_SQUARE)), np.nan)
            for squares in (record.model_squares, record.reference_squares)
        ]
        marks = [*of_both(lengths, *curves), Event(lengths[COMPRESSED])]
        panels.append(Panel(Axis("Length (Å)"), Axis("‖ΔF‖ (eV/Å)", log=True), marks, name))
    caption = (
        "Change of all forces while one bond is compressed or stretched from its length at the "
        "minimum, up to 3 eV; below 1 eV/Å it is not compared."
    )
    plot = Plot("Bond scans", panels, caption, "bond_scans", min(len(panels), 4), height_inch=1.7)
    return [plot] if panels else []


CHECK = define(
    __name__,
    formula="FSD = max |d/dr ln(‖ΔF‖² / ‖ΔF_ref‖²)|, ΔF the change of all forces from the minimum, "
    "each square at least 1 (eV/Å)²; each kind of bond outside rings from 0.65 to 1.75 sums of the "
    "covalent radii, both sides rigid, where the reference rises by up to 3 eV. It costs 41 "
    "evaluations of each for every kind of bond",
    limits={"compression": "1/Å", "stretch": "1/Å"},
    source="Bond Smoothness Characterization Test: Liu et al., arXiv:2602.04861",
    consequence="Beyond the thermal range the surface has dents, steps or wells of its own: hot or "
    "colliding molecules break or stick where the reference holds them.",
    remedy="Add geometries along the scan of the bond named, labelled by the reference, to the "
    "training data; check cutoffs and the repulsion at short distance.",
    needs=("minimum", "reference"),
)
