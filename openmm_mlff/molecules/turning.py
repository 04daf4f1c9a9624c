"""Relax a molecule while one angle of rotation is held."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.molecules.torsions import Torsion, dihedral_degrees, dihedral_gradient

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import BaseCalculator

_TOLERANCE_DEGREES = 1e-6


class HeldDihedral:
    """An ASE constraint that holds one dihedral angle.

    It does what ``ase.constraints.FixInternals`` does, at a tenth of the cost: that one takes as
    long as the reference itself.

    Args:
        atoms: i, j, k, l.
        degrees: the angle.
    """

    def __init__(self, atoms: tuple[int, int, int, int], *, degrees: float) -> None:
        self.atoms = atoms
        self.degrees = degrees

    def adjust_positions(self, _atoms: "Atoms", positions: np.ndarray) -> None:
        """Bring new positions back to the angle, along its gradient.

        Args:
            positions: (N, 3), Å; changed in place.

        Raises:
            EvaluationRefusedError: the atoms have no dihedral angle.
        """
        listed = list(self.atoms)
        for _ in range(20):
            missing = self.degrees - dihedral_degrees(positions, atoms=self.atoms)
            missing = (missing + 180.0) % 360.0 - 180.0
            if abs(missing) < _TOLERANCE_DEGREES:
                return
            gradient = self._gradient(positions)
            positions[listed] += np.radians(missing) * gradient / np.sum(gradient**2)

    def adjust_forces(self, atoms: "Atoms", forces: np.ndarray) -> None:
        """Take out the force that turns the angle.

        Args:
            atoms: where they are.
            forces: (N, 3), eV/Å; changed in place.

        Raises:
            EvaluationRefusedError: the atoms have no dihedral angle.
        """
        listed = list(self.atoms)
        gradient = self._gradient(atoms.positions)
        forces[listed] -= gradient * np.sum(gradient * forces[listed]) / np.sum(gradient**2)

    def get_removed_dof(self, _atoms: "Atoms") -> int:
        """Count what is held."""
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
    """Relax all but one angle.

    Args:
        calculator: what relaxes.
        molecule: which atoms.
        positions_angstrom: start, (N, 3), Å.
        torsion: the bond.
        degrees: the angle to hold.
        force_ev_per_angstrom: relaxed when no force on an atom is above it.
        steps: the most of them.

    Returns:
        The geometry, its energy in eV and the largest force left on an atom in eV/Å.

    Raises:
        EvaluationRefusedError: the calculator refused, or the atoms have no dihedral angle.
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
        raise EvaluationRefusedError(" ".join(str(error).split())) from error
    return np.array(atoms.positions), energy_ev, largest_force
