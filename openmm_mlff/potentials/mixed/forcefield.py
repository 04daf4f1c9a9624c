"""The force field around the part that a potential describes."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app, unit

from openmm_mlff.errors import PotentialError
from openmm_mlff.fingerprint import hash_path
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.potentials.mixed.settings import MixedSettings
from openmm_mlff.units import nm_from_angstrom

# What OpenMM raises on files of force fields that are missing, damaged or do not fit together.
_LOADING_FAILURES = (
    ElementTree.ParseError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OSError,
)


def load_forcefield(files: Sequence[str]) -> app.ForceField:
    """Load a force field.

    Args:
        files: XML files, of the user's own or of OpenMM's.

    Returns:
        The force field.

    Raises:
        PotentialError: none is named, or one cannot be read.
    """
    if not files:
        raise PotentialError(
            "ML atoms were selected and no force field for the others; name its files with "
            "--forcefield, for example --forcefield amber14-all.xml --forcefield amber14/tip3p.xml"
        )
    try:
        # OpenMM raises a bare Exception for a file that is no XML.
        for name in files:
            if Path(name).is_file():
                ElementTree.parse(name)
        return app.ForceField(*files)
    except _LOADING_FAILURES as error:
        raise PotentialError(
            f"force field {', '.join(files)}: cannot be loaded ({_one_line(error)}); expected "
            "files of OpenMM (such as amber14-all.xml) or paths of your own: correct --forcefield"
        ) from error


def file_sha256(name: str) -> str:
    """Hash a file of the user's own; OpenMM's files go by their names."""
    path = Path(name)
    return hash_path(path) if path.is_file() else name


def create_mm_system(
    forcefield: app.ForceField,
    topology: app.Topology,
    *,
    cell_angstrom: npt.NDArray[np.float64] | None,
    settings: MixedSettings,
) -> openmm.System:
    """Describe all atoms by the force field.

    Args:
        forcefield: from :func:`load_forcefield`.
        topology: all atoms.
        cell_angstrom: (3, 3), Å, rows; with a box PME, without one all pairs.
        settings: constraints, masses, cutoff.

    Returns:
        A System without a centre-of-mass remover.

    Raises:
        PotentialError: the force field does not know a residue, or lacks parameters.
    """
    try:
        system = forcefield.createSystem(
            topology,
            nonbondedMethod=app.NoCutoff if cell_angstrom is None else app.PME,
            constraints=app.HBonds if settings.constraints == "hbonds" else None,
            rigidWater=settings.rigid_water,
            hydrogenMass=settings.hydrogen_mass_amu,
            removeCMMotion=False,
            **({} if cell_angstrom is None else _in_a_box(settings)),
        )
    except (*_LOADING_FAILURES, openmm.OpenMMException) as error:
        raise PotentialError(
            f"the force field cannot describe the structure ({_one_line(error)}); name a file "
            "that has this residue with --forcefield, and see that the structure names its atoms, "
            "hydrogens and bonds (CONECT)"
        ) from error
    if cell_angstrom is not None:
        system.setDefaultPeriodicBoxVectors(*openmm_box_nm(cell_angstrom))
    return system


def boxed(topology: app.Topology, molecule: MolecularSystem) -> app.Topology:
    """Copy a topology and give it the molecule's box, or none.

    Args:
        topology: the names.
        molecule: the box.

    Returns:
        Another topology with the same atoms.
    """
    copied = app.Modeller(topology, np.zeros((topology.getNumAtoms(), 3))).topology
    box = None if molecule.cell_angstrom is None else openmm_box_nm(molecule.cell_angstrom)
    copied.setPeriodicBoxVectors(box)
    return copied


def part_of(topology: app.Topology, atoms: npt.NDArray[np.int64]) -> app.Topology:
    """Copy a part of a topology, without a box.

    Args:
        topology: all atoms.
        atoms: (M,), indices in increasing order.

    Returns:
        A topology of M atoms, in the same order.
    """
    modeller = app.Modeller(topology, np.zeros((topology.getNumAtoms(), 3)))
    kept = set(atoms.tolist())
    modeller.delete([atom for atom in modeller.topology.atoms() if atom.index not in kept])
    modeller.topology.setPeriodicBoxVectors(None)
    return modeller.topology


def formal_charge(system: openmm.System, atoms: npt.NDArray[np.int64]) -> int:
    """Sum the force field's charges of some atoms and round.

    Args:
        system: of the force field.
        atoms: (M,), indices.

    Returns:
        Their charge, in elementary charges; 0 where the force field has no charges.
    """
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            charges = [force.getParticleParameters(int(i))[0] for i in atoms]
            return round(sum(c.value_in_unit(unit.elementary_charge) for c in charges))
    return 0


def _in_a_box(settings: MixedSettings) -> dict[str, float]:
    """Give what only a box needs."""
    switch = settings.switch_angstrom
    return {
        "nonbondedCutoff": nm_from_angstrom(settings.cutoff_angstrom),
        "ewaldErrorTolerance": settings.ewald_tolerance,
        **({} if switch is None else {"switchDistance": nm_from_angstrom(switch)}),
    }


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
