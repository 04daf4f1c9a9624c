"""What does it cost to turn each bond, to the reference and to the potential?"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem, covalent_bonds
from openmm_mlff.molecules.torsions import Torsion, dihedral_degrees, rotatable_torsions, turned
from openmm_mlff.molecules.turning import relax_at_angle
from openmm_mlff.potentials import Potential
from openmm_mlff.probes.accuracy.reference import evaluate_reference
from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable

if TYPE_CHECKING:
    from ase.calculators.calculator import BaseCalculator

RELAXED_FORCE_EV_PER_ANGSTROM = 0.03
"""Both potentials are asked about the same geometries, so that these need not be relaxed closely:
what is left moves both profiles alike."""

RELAXATION_STEPS = 150

# A proper rotation by small whole numbers: Euler's, from the quaternion (1, 2, 3, 4).
_TURN = np.array([[-20.0, 4.0, 22.0], [20.0, -10.0, 20.0], [10.0, 28.0, 4.0]]) / 30.0


@dataclass
class _Counts:
    """Points that could not be used, and the first reasons."""

    refused: int = 0
    unconverged: int = 0
    bonds_changed: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, kind: str, reason: str) -> None:
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.reasons) < 10:
            self.reasons.append(reason)


def probe_torsion_profile(subject: ProbeSubject, reference: Potential) -> ProbeOutcome:
    """Turn each rotatable bond once round; the reference relaxes all else, the potential follows.

    Args:
        subject: at the potential's minimum; its spec says the step.
        reference: what it is compared with.

    Returns:
        R bonds, A angles: `angles_degrees` (R, A), `positions_angstrom` (R, A, N, 3),
        `reference_energies_ev`, `model_energies_ev` and, of the same molecule turned round, which
        differs by noise alone, `reference_repeat_energies_ev`, `model_repeat_energies_ev` (R, A);
        `used` bool (R, A).
    """
    molecule = subject.molecule
    torsions = rotatable_torsions(
        molecule.positions_angstrom, atomic_numbers=molecule.atomic_numbers, bonds=molecule.bonds
    )
    if not torsions:
        return not_applicable(f"{molecule.name} has no rotatable bond")
    if molecule.is_periodic:
        return not_applicable("bonds of a box are not turned; ask its molecules one by one")
    calculator = reference.ase_calculator(precision="double")
    points = round(360.0 / subject.spec.torsion_step_degrees)
    steps_degrees = 360.0 / points * np.arange(points)
    counts = _Counts()
    scans = [
        _scan(calculator, molecule, torsion, steps_degrees=steps_degrees, counts=counts)
        for torsion in torsions
    ]
    angles, positions, energies_ev, repeats_ev = (
        np.stack([scan[part] for scan in scans]) for part in range(4)
    )
    relaxed = np.isfinite(energies_ev) & np.isfinite(repeats_ev)
    arrays, model = _model_arrays(subject, positions, relaxed)
    return ProbeOutcome(
        data={
            "reference": reference.spec,
            "bonds": [_named(molecule, torsion) for torsion in torsions],
            "dihedrals": [list(torsion.atoms) for torsion in torsions],
            "step_degrees": 360.0 / points,
            "requested": len(torsions) * points,
            "reference_refused": counts.refused,
            "unconverged": counts.unconverged,
            "bonds_changed": counts.bonds_changed,
            "reasons": [*counts.reasons, *model["refusals"]][:10],
            "model_refused": model["refused"],
        },
        arrays={
            "angles_degrees": angles,
            "positions_angstrom": positions,
            "reference_energies_ev": energies_ev,
            "reference_repeat_energies_ev": repeats_ev,
            **arrays,
        },
    )


def _named(molecule: MolecularSystem, torsion: Torsion) -> str:
    j, k = torsion.bond
    return f"{molecule.symbols[j]}{j}–{molecule.symbols[k]}{k}"


def _scan(
    calculator: "BaseCalculator",
    molecule: MolecularSystem,
    torsion: Torsion,
    *,
    steps_degrees: np.ndarray,
    counts: _Counts,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Relax the reference at one angle after the other, each from its neighbour's geometry.

    Returns:
        Angles (A,), geometries (A, N, 3), energies (A,) and energies again (A,), the latter two NaN
        where a point cannot be used.
    """
    here = np.array(molecule.positions_angstrom)
    start = dihedral_degrees(here, atoms=torsion.atoms)
    angles = start + steps_degrees
    positions, energies_ev, repeats_ev = [], [], []
    for angle in angles:
        missing = angle - dihedral_degrees(here, atoms=torsion.atoms)
        placed = turned(here, torsion=torsion, degrees=missing)
        try:
            placed, energy_ev, largest_force = relax_at_angle(
                calculator,
                molecule,
                placed,
                torsion=torsion,
                degrees=angle,
                force_ev_per_angstrom=RELAXED_FORCE_EV_PER_ANGSTROM,
                steps=RELAXATION_STEPS,
            )
            repeat_ev = evaluate_reference(calculator, molecule, placed @ _TURN.T)[0]
        except EvaluationRefusedError as refusal:
            counts.add("refused", f"{_named(molecule, torsion)} at {angle:.0f}°: {refusal}")
            energy_ev = repeat_ev = float("nan")
        else:
            kind, reason = _fault(molecule, placed, largest_force=largest_force)
            if kind:
                counts.add(kind, f"{_named(molecule, torsion)} at {angle:.0f}°: {reason}")
                energy_ev = repeat_ev = float("nan")
            else:
                here = placed
        positions.append(placed)
        energies_ev.append(energy_ev)
        repeats_ev.append(repeat_ev)
    return angles, np.array(positions), np.array(energies_ev), np.array(repeats_ev)


def _fault(
    molecule: MolecularSystem, positions_angstrom: np.ndarray, *, largest_force: float
) -> tuple[str, str]:
    """Say why a relaxed point cannot be used; nothing where it can."""
    if not largest_force <= RELAXED_FORCE_EV_PER_ANGSTROM:
        reason = f"not relaxed in {RELAXATION_STEPS} steps, {largest_force:.2g} eV/Å are left"
        return "unconverged", reason
    if set(covalent_bonds(molecule.atomic_numbers, positions_angstrom)) != set(molecule.bonds):
        return "bonds_changed", "the reference rearranged the bonds"
    return "", ""


def _model_arrays(
    subject: ProbeSubject, positions: np.ndarray, relaxed: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Ask the potential about the relaxed points, as they are and turned round."""
    energies_ev, repeats_ev = np.full((2, *relaxed.shape), np.nan)
    used = relaxed.copy()
    asked = np.argwhere(relaxed)
    refusals: dict[str, Any] = {"refused": 0, "refusals": []}
    if len(asked):
        places = positions[relaxed]
        found = evaluate_each(subject, subject.molecule, np.concatenate([places, places @ _TURN.T]))
        first, second = found.energies_ev.reshape(2, -1)
        energies_ev[relaxed], repeats_ev[relaxed] = first, second
        refused = found.refused.reshape(2, -1).any(axis=0)
        used[relaxed] = ~refused
        refusals = {"refused": int(refused.sum()), "refusals": list(found.reasons)}
    arrays = {
        "model_energies_ev": energies_ev,
        "model_repeat_energies_ev": repeats_ev,
        "used": used,
    }
    return arrays, refusals
