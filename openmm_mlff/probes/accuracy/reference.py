"""Ask the reference about frames of the potential's own trajectory, and for its own minimum."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.probes.model import ProbeOutcome

if TYPE_CHECKING:
    from ase.calculators.calculator import BaseCalculator

MINIMUM_FORCE_EV_PER_ANGSTROM = 0.01
"""A geometry counts as a minimum up to this force on an atom."""

SOUGHT_FORCE_EV_PER_ANGSTROM = 0.0005
MINIMUM_STEPS = 300


def evaluate_reference(
    calculator: "BaseCalculator", molecule: MolecularSystem, positions_angstrom: np.ndarray
) -> tuple[float, np.ndarray]:
    """Evaluate one geometry.

    Args:
        calculator: of the reference.
        molecule: which atoms.
        positions_angstrom: (N, 3), Å.

    Returns:
        Energy in eV and forces (N, 3) in eV/Å.

    Raises:
        EvaluationRefusedError: the reference refused (an SCF that does not converge, say).
    """
    from ase.calculators.calculator import CalculatorError

    atoms = molecule.to_ase()
    atoms.positions = positions_angstrom
    atoms.calc = calculator
    try:
        return float(atoms.get_potential_energy()), np.array(atoms.get_forces(), dtype=float)
    except (CalculatorError, RuntimeError) as error:
        raise EvaluationRefusedError(" ".join(str(error).split())) from error


def probe_reference(
    potential: Potential,
    reference: Potential,
    molecule: MolecularSystem,
    positions_angstrom: np.ndarray,
    times_ps: np.ndarray,
    *,
    precision: str,
    run: str,
    on_progress: Callable[[int, int], None] | None = None,
) -> ProbeOutcome:
    """Evaluate frames by both; frames that the reference refuses are counted, not fatal.

    Args:
        potential: under test.
        reference: what it is compared with.
        molecule: which atoms.
        positions_angstrom: frames, (G, N, 3).
        times_ps: of the frames, (G,).
        precision: of the potential.
        run: name of the run that the frames come from.
        on_progress: called with frames done and frames in all.

    Returns:
        `positions_angstrom`, `time_ps`, `model_energies_ev`, `model_forces`,
        `reference_energies_ev`, `reference_forces`, of the frames that were evaluated.
    """
    calculator = reference.ase_calculator(precision="double")
    kept, energies, forces, refusals = [], [], [], []
    for index, positions in enumerate(positions_angstrom):
        try:
            energy, force = evaluate_reference(calculator, molecule, positions)
        except EvaluationRefusedError as refusal:
            refusals.append({"frame": index, "reason": str(refusal)})
        else:
            kept.append(index)
            energies.append(energy)
            forces.append(force)
        if on_progress:
            on_progress(index + 1, len(positions_angstrom))
    data = {
        "reference": reference.spec,
        "run": run,
        "requested": len(positions_angstrom),
        "refused": len(refusals),
        "refusals": refusals[:10],
    }
    if not kept:
        return ProbeOutcome(data=data, skipped=f"{reference.spec} refused every frame")
    model = potential.evaluate(molecule, positions_angstrom[kept], precision=precision)
    arrays = {
        "positions_angstrom": positions_angstrom[kept],
        "time_ps": times_ps[kept],
        "model_energies_ev": model.energies_ev,
        "model_forces": model.forces_ev_per_angstrom,
        "reference_energies_ev": np.array(energies),
        "reference_forces": np.array(forces),
    }
    return ProbeOutcome(data=data, arrays=arrays)


def probe_minimum(
    reference: Potential,
    molecule: MolecularSystem,
    *,
    model_converged: bool,
    model_largest_force: float,
) -> ProbeOutcome:
    """Relax the reference from the potential's minimum, so that both are in one basin.

    Args:
        reference: what the potential is compared with.
        molecule: at the potential's own minimum.
        model_converged: whether that minimum was reached.
        model_largest_force: on an atom there, eV/Å.

    Returns:
        `model_positions_angstrom` and `reference_positions_angstrom`, (N, 3).
    """
    from ase.calculators.calculator import CalculatorError
    from ase.optimize import BFGS

    atoms = molecule.to_ase()
    atoms.calc = reference.ase_calculator(precision="double")
    reason = ""
    try:
        # Sought closely: at a looser limit an accurate model's minimum would count as the
        # reference's own, and the two would agree to the last digit without having been compared.
        BFGS(atoms, logfile=None).run(fmax=SOUGHT_FORCE_EV_PER_ANGSTROM, steps=MINIMUM_STEPS)
        largest = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
        converged = largest <= MINIMUM_FORCE_EV_PER_ANGSTROM
    except (CalculatorError, RuntimeError) as error:
        converged, reason = False, " ".join(str(error).split())
    data = {
        "reference": reference.spec,
        "model_converged": model_converged,
        "model_largest_force": model_largest_force,
        "reference_converged": converged,
        "reason": reason,
    }
    return ProbeOutcome(
        data=data,
        arrays={
            "model_positions_angstrom": np.array(molecule.positions_angstrom),
            "reference_positions_angstrom": np.array(atoms.positions),
        },
    )
