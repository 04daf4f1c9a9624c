"""How do the atoms of the reference swing about its own minimum?"""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.potentials import Potential
from openmm_mlff.probes.accuracy.reference import (
    MINIMUM_FORCE_EV_PER_ANGSTROM,
    MINIMUM_STEPS,
    SOUGHT_FORCE_EV_PER_ANGSTROM,
    evaluate_reference,
)
from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable

if TYPE_CHECKING:
    from ase.calculators.calculator import BaseCalculator

    from openmm_mlff.molecules import MolecularSystem

STEP_ANGSTROM = 5e-3
"""Of the reference's central differences.  A quantum-chemical reference stops its SCF at some
tolerance, and the noise of its forces enters the Hessian divided by the step: for GFN2-xTB 0.025
eV/Å² at 1e-3 Å, 0.005 at 5e-3 Å (alanine), where it is as small as at any step; at 2e-2 Å the
anharmonicity shows and bonds to hydrogen are off by some 4 cm⁻¹."""


def probe_vibrations(subject: ProbeSubject, reference: Potential) -> ProbeOutcome:
    """Relax the reference from the potential's minimum and work out its force Jacobian there.

    The potential's own Jacobian is what the probe ``hessian_symmetry`` gives.

    Args:
        subject: at the potential's minimum.
        reference: what it is compared with.

    Returns:
        `reference_jacobian` (3N, 3N), eV/Å², row: force, column: displaced coordinate (the Hessian
        is its negative); `reference_positions_angstrom` (N, 3); `masses_amu` (N,).
    """
    molecule = subject.molecule
    if molecule.n_atoms < 2:
        return not_applicable("one atom alone does not vibrate")
    if subject.molecule.is_periodic:
        return not_applicable("a liquid has no harmonic frequencies; ask its molecules one by one")
    own = evaluate_each(subject, molecule, molecule.positions_angstrom[None])
    calculator = reference.ase_calculator(precision="double")
    positions, largest_force, reason = _relaxed(calculator, molecule)
    data = {
        "reference": reference.spec,
        "step_angstrom": STEP_ANGSTROM,
        "model_largest_force": float(
            np.linalg.norm(own.forces_ev_per_angstrom[0], axis=-1).max(initial=0.0)
        ),
        "model_refused": bool(own.refused[0]),
        "largest_force_of_a_minimum": MINIMUM_FORCE_EV_PER_ANGSTROM,
        "reference_largest_force": largest_force,
        "reference_converged": bool(largest_force <= MINIMUM_FORCE_EV_PER_ANGSTROM),
        "reason": reason,
    }
    if not data["reference_converged"]:
        return ProbeOutcome(data={**data, "requested": 0, "refused": 0, "refusals": []})
    jacobian, refusals = _jacobian(calculator, molecule, positions)
    data |= {
        "requested": 2 * jacobian.shape[1],
        "refused": len(refusals),
        "refusals": refusals[:10],
    }
    return ProbeOutcome(
        data=data,
        arrays={
            "reference_jacobian": jacobian,
            "reference_positions_angstrom": positions,
            "masses_amu": molecule.masses_amu,
        },
    )


def _relaxed(
    calculator: "BaseCalculator", molecule: "MolecularSystem"
) -> tuple[np.ndarray, float, str]:
    """Give the reference's minimum, the largest force there, and why it was not reached."""
    from ase.calculators.calculator import CalculatorError
    from ase.optimize import BFGS

    atoms = molecule.to_ase()
    atoms.calc = calculator
    try:
        BFGS(atoms, logfile=None).run(fmax=SOUGHT_FORCE_EV_PER_ANGSTROM, steps=MINIMUM_STEPS)
        largest_force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
    except (CalculatorError, RuntimeError) as error:
        return np.array(atoms.positions), float("nan"), " ".join(str(error).split())
    return np.array(atoms.positions), largest_force, ""


def _jacobian(
    calculator: "BaseCalculator", molecule: "MolecularSystem", positions: np.ndarray
) -> tuple[np.ndarray, list[str]]:
    """Work out dF/dx, a column for each coordinate; a column is NaN where a point was refused."""
    size = positions.size
    jacobian = np.full((size, size), np.nan)
    refusals = []
    for column in range(size):
        step = np.zeros(positions.shape)
        step.flat[column] = STEP_ANGSTROM
        try:
            ahead = evaluate_reference(calculator, molecule, positions + step)[1]
            behind = evaluate_reference(calculator, molecule, positions - step)[1]
        except EvaluationRefusedError as refusal:
            refusals.append(f"coordinate {column}: {refusal}")
        else:
            jacobian[:, column] = (ahead - behind).ravel() / (2.0 * STEP_ANGSTROM)
    return jacobian, refusals
