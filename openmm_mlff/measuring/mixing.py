"""An ML/MM system, its parts and its interpolation, in double precision on Reference."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Evaluation
from openmm_mlff.potentials.engine import Engine

if TYPE_CHECKING:
    from openmm_mlff.potentials.mixed import MixedPotential

LAMBDAS = {"lambda_0": 0.0, "lambda_half": 0.5, "lambda_1": 1.0}


def evaluate_mixing(
    potential: "MixedPotential", molecule: MolecularSystem, placed_angstrom: np.ndarray
) -> Mapping[str, Evaluation]:
    """Evaluate geometries (G, N, 3), Å, of an ML/MM system in several ways.

    Returns:
        The force field alone (``mm``), the mixed System (``mixed``), the sum of its parts
        (``sum``), and the interpolated System (``lambda_0``, ``lambda_half``, ``lambda_1``).
    """
    from openmm_mlff.potentials.openmmml.mixing import INTERPOLATION

    mm = _evaluated(potential.mm_system(molecule), placed_angstrom)
    mixed = potential.create_system(molecule, precision="double")
    between = potential.create_system(molecule, precision="double", interpolate=True)
    return {
        "mm": mm,
        "mixed": _evaluated(mixed, placed_angstrom),
        "sum": _sum_of_parts(potential, molecule, mm, placed_angstrom),
        **{
            name: _evaluated(between, placed_angstrom, parameters={INTERPOLATION: value})
            for name, value in LAMBDAS.items()
        },
    }


def _sum_of_parts(
    potential: "MixedPotential",
    molecule: MolecularSystem,
    mm: Evaluation,
    placed_angstrom: np.ndarray,
) -> Evaluation:
    """Return E_MM(all) − E_MM(ML part alone) + E_ML(ML part)."""
    atoms = potential.ml_atoms
    part, placed = potential.ml_part(molecule), placed_angstrom[:, atoms]
    inside = _evaluated(potential.mm_system_of_part(), placed)
    learned = potential.ml_potential.evaluate(part, placed, precision="double")
    forces = mm.forces_ev_per_angstrom.copy()
    forces[:, atoms] += learned.forces_ev_per_angstrom - inside.forces_ev_per_angstrom
    return Evaluation(mm.energies_ev - inside.energies_ev + learned.energies_ev, forces)


def _evaluated(
    system: openmm.System,
    placed_angstrom: np.ndarray,
    *,
    parameters: Mapping[str, float] | None = None,
) -> Evaluation:
    """Evaluate geometries in the System's own box."""
    engine = Engine(system, precision="double")
    for name, value in (parameters or {}).items():
        engine.set_parameter(name, value)
    found = [engine.evaluate(placed) for placed in placed_angstrom]
    return Evaluation(
        np.array([energy for energy, _ in found]), np.array([forces for _, forces in found])
    )
