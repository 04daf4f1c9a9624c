"""The teachers, GFN2-xTB and, of the liquid, GFN1-xTB with tblite, and their labels.

Bannwarth, Ehlert, Grimme 2019, "GFN2-xTB, an accurate and broadly parametrized self-consistent
tight-binding quantum chemical method"; Grimme, Bannwarth, Shushkov 2017, "A robust and accurate
tight-binding quantum chemical method for structures, vibrational frequencies, and noncovalent
interactions of large molecular systems" (GFN1-xTB).
"""

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from openmm_mlff.errors import MissingDependencyError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.students.training.frames import LabelledFrame

LARGEST_FORCE_EV_PER_ANGSTROM = 100.0
GFN1, GFN2 = "GFN1-xTB", "GFN2-xTB"
FREE_ATOM_MULTIPLICITY = {1: 2, 6: 3, 7: 4, 8: 3}


def teacher_calculator(*, method: str = GFN2, charge: int = 0, multiplicity: int = 1) -> Calculator:
    """Return the teacher as a new ASE calculator; it needs tblite."""
    try:
        from tblite.ase import TBLite
    except ImportError as error:
        raise MissingDependencyError(
            f"the teacher {method} needs tblite, which is not installed; "
            "run: pip install 'openmm_mlff[training]'"
        ) from error
    return TBLite(method=method, charge=charge, multiplicity=multiplicity, verbosity=0)


def teacher_of(molecule: MolecularSystem, *, method: str = GFN2) -> Calculator:
    """Return the teacher for the charge and the multiplicity of a molecule."""
    return teacher_calculator(
        method=method, charge=molecule.charge, multiplicity=molecule.multiplicity
    )


def label(origin: str, atoms: Atoms) -> list[LabelledFrame]:
    """Label ASE atoms with their calculator; ``origin`` is e.g. ``water/thermal_300K``.

    The label of a periodic box includes its virial.

    Returns:
        The labelled frame; nothing if the SCF does not converge, or a force is not finite or above
        :data:`LARGEST_FORCE_EV_PER_ANGSTROM`.
    """
    try:
        energy_ev = float(atoms.get_potential_energy())
        forces = np.array(atoms.get_forces())
        virial = atoms.get_stress(voigt=False) * atoms.get_volume() if atoms.pbc.all() else None
    except RuntimeError:
        return []
    frame = LabelledFrame(
        origin,
        atoms.numbers.astype(np.int64),
        atoms.positions.copy(),
        energy_ev,
        forces,
        cell_angstrom=None if virial is None else np.array(atoms.cell),
        virial_ev=virial,
    )
    # A comparison with NaN is false.
    usable = frame.largest_force_ev_per_angstrom <= LARGEST_FORCE_EV_PER_ANGSTROM
    return [frame] if usable else []


def free_atom_energies(elements: tuple[int, ...], *, method: str = GFN2) -> dict[int, float]:
    """Compute the teacher's energies, eV, of free atoms in their ground-state multiplicity."""
    energies = {}
    for number in elements:
        atom = Atoms(numbers=[number], positions=[[0.0, 0.0, 0.0]])
        atom.calc = teacher_calculator(method=method, multiplicity=FREE_ATOM_MULTIPLICITY[number])
        energies[number] = float(atom.get_potential_energy())
    return energies
