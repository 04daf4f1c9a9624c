"""Relax a molecule with one dihedral angle fixed."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.molecules.torsions import Torsion, dihedral_degrees, dihedral_gradient
from openmm_mlff.storage.text import one_line

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import BaseCalculator

_TOLERANCE_DEGREES = 1e-6


class HeldDihedral:
    """An ASE constraint that fixes one dihedral angle, i–j–k–l.

    Equivalent to ``ase.constraints.FixInternals``, which is ten times slower and takes as long as
    the reference calculation itself.
    """

    def __init__(self, atoms: tuple[int, int, int, int], *, degrees: float) -> None:
        self.atoms = atoms
        self.degrees = degrees

    def adjust_positions(self, _atoms: "Atoms", positions: np.ndarray) -> None:
        """Restore the angle of new positions, (N, 3), Å, in place, along its gradient."""
        listed = list(self.atoms)
        for _ in range(20):
            missing = self.degrees - dihedral_degrees(positions, atoms=self.atoms)
            missing = (missing + 180.0) % 360.0 - 180.0
            if abs(missing) < _TOLERANCE_DEGREES:
                return
            gradient = self._gradient(positions)
            positions[listed] += np.radians(missing) * gradient / np.sum(gradient**2)

    def adjust_forces(self, atoms: "Atoms", forces: np.ndarray) -> None:
        """Remove the force along the dihedral angle from forces, (N, 3), eV/Å, in place."""
        listed = list(self.atoms)
        gradient = self._gradient(atoms.positions)
        forces[listed] -= gradient * np.sum(gradient * forces[listed]) / np.sum(gradient**2)

    def get_removed_dof(self, _atoms: "Atoms") -> int:
        """Return the number of constrained degrees of freedom."""
        return 1

    def _gradient(self, positions: np.ndarray) -> np.ndarray:
        try:
            return dihedral_gradient(positions, atoms=self.atoms)
        except ValueError as error:
            raise EvaluationRefusedError(str(error)) from error


def relax_at_angle(
    calculator: "BaseCalculator",
    molecule: MolecularSystem,
    positions_angstrom: np.ndarray,
    *,
    torsion: Torsion,
    degrees: float,
    force_ev_per_angstrom: float,
    steps: int,
) -> tuple[np.ndarray, float, float]:
    """Relax a geometry, (N, 3), Å, with one dihedral angle fixed.

    It is converged if no atomic force exceeds ``force_ev_per_angstrom``; ``steps`` is the maximum.

    Returns:
        The geometry, its energy in eV and the largest remaining force on an atom in eV/Å.

    Raises:
        EvaluationRefusedError: the calculator refused, or the dihedral angle is undefined.
    """
    from ase.calculators.calculator import CalculatorError
    from ase.optimize import BFGS

    atoms = molecule.to_ase()
    atoms.positions = positions_angstrom
    atoms.calc = calculator
    atoms.set_constraint(HeldDihedral(torsion.atoms, degrees=degrees))
    try:
        BFGS(atoms, logfile=None).run(fmax=force_ev_per_angstrom, steps=steps)
        largest_force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
        energy_ev = float(atoms.get_potential_energy())
    except (CalculatorError, RuntimeError) as error:
        raise EvaluationRefusedError(one_line(error)) from error
    return np.array(atoms.positions), energy_ev, largest_force
