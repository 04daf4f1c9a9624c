"""The teacher, GFN2-xTB with tblite, and its labels.

Bannwarth, Ehlert, Grimme 2019, "GFN2-xTB, an accurate and broadly parametrized self-consistent
tight-binding quantum chemical method".
"""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import MissingDependencyError
from openmm_mlff.students.training.frames import LabelledFrame

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

LARGEST_FORCE_EV_PER_ANGSTROM = 100.0
FREE_ATOM_MULTIPLICITY = {1: 2, 6: 3, 7: 4, 8: 3}


def teacher_calculator(*, charge: int = 0, multiplicity: int = 1) -> "Calculator":
    """Return the teacher as a new ASE calculator.

    Raises:
        MissingDependencyError: tblite is not installed.
    """
    try:
        from tblite.ase import TBLite
    except ImportError as error:
        raise MissingDependencyError(
            "the teacher GFN2-xTB needs tblite, which is not installed; "
            "run: pip install 'openmm_mlff[training]'"
        ) from error
    return TBLite(method="GFN2-xTB", charge=charge, multiplicity=multiplicity, verbosity=0)


def label(origin: str, atoms: "Atoms") -> LabelledFrame | None:
    """Label ASE atoms with their calculator; ``origin`` is e.g. ``water/thermal_300K``.

    None if the SCF does not converge, or a force is not finite or above
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
    """Compute the teacher's energies, eV, of free atoms in their ground-state multiplicity."""
    from ase import Atoms

    energies = {}
    for number in elements:
        atom = Atoms(numbers=[number], positions=[[0.0, 0.0, 0.0]])
        atom.calc = teacher_calculator(multiplicity=FREE_ATOM_MULTIPLICITY[number])
        energies[number] = float(atom.get_potential_energy())
    return energies
