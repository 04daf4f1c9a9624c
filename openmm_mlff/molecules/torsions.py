"""Rotatable bonds, dihedral angles, and relaxation with one of them fixed."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules.bonds import Floats, atoms_beyond, covalent_radii_angstrom
from openmm_mlff.molecules.system import MolecularSystem
from openmm_mlff.storage.text import one_line

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import BaseCalculator

STRAIGHT_DEGREES = 170.0
"""The dihedral angle is ill-defined if a bond angle exceeds this."""

DOUBLE_BOND_FACTOR = 0.9
"""A bond shorter than this times the sum of its covalent radii is a double bond (C=C 0.88, C=N
0.87, N=N 0.88; the C–N of an amide 0.92, the C–C of butadiene 0.96). At 90° it is broken and its
electrons are unpaired."""

_TOLERANCE_DEGREES = 1e-6


@dataclass(frozen=True)
class Torsion:
    """Rotation about one bond.

    Attributes:
        atoms: i, j, k, l of the dihedral angle; the bond is j–k.
        moved: atoms on the side of k, which rotate with l.
    """

    atoms: tuple[int, int, int, int]
    moved: tuple[int, ...]

    @property
    def bond(self) -> tuple[int, int]:
        """The two atoms of the bond."""
        return self.atoms[1], self.atoms[2]


def rotatable_torsions(
    positions_angstrom: Floats, *, atomic_numbers: npt.ArrayLike, bonds: Iterable[tuple[int, int]]
) -> tuple[Torsion, ...]:
    """Find rotatable bonds: acyclic, not terminal, not next to a straight angle, not double.

    Methyl groups are included. The dihedral angle is defined by the heaviest neighbours, the first
    of equals. Positions are (N, 3); the torsions are in the order of the bonds.
    """
    listed = sorted({(min(int(i), int(j)), max(int(i), int(j))) for i, j in bonds})
    numbers = np.asarray(atomic_numbers)
    neighbours: dict[int, list[int]] = {atom: [] for atom in range(len(numbers))}
    for i, j in listed:
        neighbours[i].append(j)
        neighbours[j].append(i)
    radii_angstrom = covalent_radii_angstrom(numbers)
    found = []
    for j, k in listed:
        length = float(np.linalg.norm(positions_angstrom[j] - positions_angstrom[k]))
        is_double = length < DOUBLE_BOND_FACTOR * (radii_angstrom[j] + radii_angstrom[k])
        is_terminal = min(len(neighbours[j]), len(neighbours[k])) < 2
        if is_terminal or is_double or _straight(positions_angstrom, j, k, neighbours=neighbours):
            continue
        moved = atoms_beyond((j, k), n_atoms=len(numbers), bonds=listed)
        if not moved:
            continue
        i, end = (
            min((atom for atom in neighbours[centre] if atom != other), key=lambda a: -numbers[a])
            for centre, other in ((j, k), (k, j))
        )
        found.append(Torsion(atoms=(i, j, k, end), moved=moved))
    return tuple(found)


def _straight(positions: Floats, j: int, k: int, *, neighbours: dict[int, list[int]]) -> bool:
    """Return whether a bond angle at either end is close to 180°."""
    limit = math.cos(math.radians(STRAIGHT_DEGREES))
    for centre, end in ((j, k), (k, j)):
        axis = positions[end] - positions[centre]
        for atom in neighbours[centre]:
            arm = positions[atom] - positions[centre]
            cosine = float(arm @ axis / np.linalg.norm(arm) / np.linalg.norm(axis))
            if atom != end and cosine < limit:
                return True
    return False


def dihedral_degrees(positions_angstrom: Floats, *, atoms: tuple[int, int, int, int]) -> float:
    """Return the dihedral angle i–j–k–l, −180° to 180°: 0° eclipsed, clockwise positive."""
    i, j, k, end = (positions_angstrom[atom] for atom in atoms)
    first, axis, last = j - i, k - j, end - k
    left, right = _cross(first, axis), _cross(axis, last)
    return math.degrees(
        math.atan2(float(np.linalg.norm(axis)) * float(first @ right), float(left @ right))
    )


def dihedral_gradient(positions_angstrom: Floats, *, atoms: tuple[int, int, int, int]) -> Floats:
    """Compute the gradient of a dihedral angle, (4, 3), radian/Å, in the order of the atoms.

    Blondel & Karplus, J. Comput. Chem. 17, 1132 (1996), without a singularity at 0° and 180°.

    Raises:
        ValueError: three of the atoms are collinear, and the angle is undefined.
    """
    i, j, k, end = (positions_angstrom[atom] for atom in atoms)
    first, axis, last = j - i, k - j, end - k
    left, right = _cross(first, axis), _cross(axis, last)
    length = float(np.linalg.norm(axis))
    if min(float(left @ left), float(right @ right)) < 1e-6 * length**2:
        raise ValueError(f"three of the atoms {atoms} lie on a line and have no dihedral angle")
    at_i = -length / float(left @ left) * left
    at_l = length / float(right @ right) * right
    along_first = float(first @ axis) / length**2
    along_last = float(last @ axis) / length**2
    at_j = -(1.0 + along_first) * at_i + along_last * at_l
    return np.stack([at_i, at_j, -at_i - at_j - at_l, at_l])


def turned(positions_angstrom: Floats, *, torsion: Torsion, degrees: float) -> Floats:
    """Rotate one side of a bond rigidly, increasing the dihedral angle by `degrees`."""
    from scipy.spatial.transform import Rotation

    j, k = (positions_angstrom[atom] for atom in torsion.bond)
    axis = (k - j) / np.linalg.norm(k - j)
    rotation = Rotation.from_rotvec(math.radians(degrees) * axis)
    moved = list(torsion.moved)
    result = positions_angstrom.copy()
    result[moved] = k + rotation.apply(positions_angstrom[moved] - k)
    return result


def _cross(a: Floats, b: Floats) -> Floats:
    # numpy.cross is ten times slower for single vectors; a relaxation needs thousands of products.
    return np.array(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


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
