"""The teacher: GFN2-xTB through tblite, and how its labels are taken.

Bannwarth, Ehlert, Grimme 2019, "GFN2-xTB, an accurate and broadly parametrized self-consistent
tight-binding quantum chemical method".
"""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import MissingDependencyError
from openmm_mlff.students.frames import LabelledFrame

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

TEACHER = "GFN2-xTB (tblite)"
LARGEST_FORCE_EV_PER_ANGSTROM = 100.0
FREE_ATOM_MULTIPLICITY = {1: 2, 6: 3, 7: 4, 8: 3}


def teacher_calculator(*, charge: int = 0, multiplicity: int = 1) -> "Calculator":
    """Give the teacher as an ASE calculator.

    Args:
        charge: total charge.
        multiplicity: 2S + 1.

    Returns:
        A new calculator.

    Raises:
        MissingDependencyError: tblite is not installed.
    """
    try:
        from tblite.ase import TBLite
    except ImportError as error:
        raise MissingDependencyError(
            "the teacher GFN2-xTB needs tblite, which is not installed; "
            "run: pip install 'openmm_mlff[reference]'"
        ) from error
    return TBLite(method="GFN2-xTB", charge=charge, multiplicity=multiplicity, verbosity=0)


def label(origin: str, atoms: "Atoms") -> LabelledFrame | None:
    """Label ASE atoms with their calculator.

    Args:
        origin: what the frame shows, e.g. ``water/thermal_300K``.
        atoms: with a calculator.

    Returns:
        The frame; None where the calculator's SCF refuses, or a force is not finite or above
        :data:`LARGEST_FORCE_EV_PER_ANGSTROM`.
    """
    try:
        energy_ev = float(atoms.get_potential_energy())
        forces = np.array(atoms.get_forces())
    except RuntimeError:
        return None
    frame = LabelledFrame(
        origin, atoms.numbers.astype(np.int64), atoms.positions.copy(), energy_ev, forces
    )
    wild = not np.isfinite(frame.largest_force_ev_per_angstrom)
    return (
        None
        if wild or frame.largest_force_ev_per_angstrom > LARGEST_FORCE_EV_PER_ANGSTROM
        else frame
    )


def free_atom_energies(elements: tuple[int, ...]) -> dict[int, float]:
    """Ask the teacher for free atoms in their ground-state multiplicity.

    Args:
        elements: atomic numbers.

    Returns:
        Energies in eV, by atomic number.
    """
    from ase import Atoms

    energies = {}
    for number in elements:
        atom = Atoms(numbers=[number], positions=[[0.0, 0.0, 0.0]])
        atom.calc = teacher_calculator(multiplicity=FREE_ATOM_MULTIPLICITY[number])
        energies[number] = float(atom.get_potential_energy())
    return energies
