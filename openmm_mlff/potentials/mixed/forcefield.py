"""The force field of the part that is not described by the potential."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app, unit

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.potentials.mixed.settings import MixedSettings
from openmm_mlff.storage.fingerprint import hash_path
from openmm_mlff.units import nm_from_angstrom

# Exceptions of OpenMM for force field files that are missing, invalid or incompatible.
_LOADING_FAILURES = (
    ElementTree.ParseError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OSError,
)


def load_forcefield(files: Sequence[str]) -> app.ForceField:
    """Load a force field from XML files of the user or of OpenMM.

    Raises:
        PotentialError: no file is given, or one cannot be read.
    """
    if not files:
        raise PotentialError(
            "ML atoms were selected, but no force field for the others; name its files with "
            "--forcefield, for example --forcefield amber14-all.xml --forcefield "
            "amber14/tip3p.xml"
        )
    try:
        # OpenMM raises a bare Exception for a file that is not valid XML.
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
    """Return the hash of a file of the user; OpenMM's own files are identified by name."""
    path = Path(name)
    return hash_path(path) if path.is_file() else name


def create_mm_system(
    forcefield: app.ForceField,
    topology: app.Topology,
    *,
    cell_angstrom: npt.NDArray[np.float64] | None,
    settings: MixedSettings,
) -> openmm.System:
    """Create a System of the force field with all atoms, without a centre-of-mass remover.

    ``cell_angstrom``: (3, 3), rows; with a box PME is used, otherwise no cutoff.

    Raises:
        PotentialError: the force field does not contain a residue, or lacks parameters.
    """
    in_a_box: dict[str, float] = {}
    if cell_angstrom is not None:
        in_a_box["nonbondedCutoff"] = nm_from_angstrom(settings.cutoff_angstrom)
        in_a_box["ewaldErrorTolerance"] = settings.ewald_tolerance
        if settings.switch_angstrom is not None:
            in_a_box["switchDistance"] = nm_from_angstrom(settings.switch_angstrom)
    try:
        system = forcefield.createSystem(
            topology,
            nonbondedMethod=app.NoCutoff if cell_angstrom is None else app.PME,
            constraints=app.HBonds if settings.constraints == "hbonds" else None,
            rigidWater=settings.rigid_water,
            hydrogenMass=settings.hydrogen_mass_amu,
            removeCMMotion=False,
            **in_a_box,
        )
    except (*_LOADING_FAILURES, openmm.OpenMMException) as error:
        if "extra site" in str(error):
            residue = _one_line(error).partition(". ")[0].removeprefix("No template found for ")
            raise PotentialError(
                f"the force field gives {residue} virtual sites (as in four-site water), which are "
                "not supported here; name one without them, for example amber14/tip3p.xml"
            ) from error
        raise PotentialError(
            f"the force field cannot describe the structure ({_one_line(error)}); name a file "
            "that defines this residue with --forcefield, and check that the structure names its "
            "atoms, hydrogens and bonds (CONECT)"
        ) from error
    if cell_angstrom is not None:
        system.setDefaultPeriodicBoxVectors(*openmm_box_nm(cell_angstrom))
    return system


def boxed(topology: app.Topology, molecule: MolecularSystem) -> app.Topology:
    """Return a copy of a topology with the molecule's box, or none."""
    copied = app.Modeller(topology, np.zeros((topology.getNumAtoms(), 3))).topology
    box = None if molecule.cell_angstrom is None else openmm_box_nm(molecule.cell_angstrom)
    copied.setPeriodicBoxVectors(box)
    return copied


def part_of(topology: app.Topology, atoms: npt.NDArray[np.int64]) -> app.Topology:
    """Return the topology of some atoms, (M,), indices in increasing order, without a box."""
    modeller = app.Modeller(topology, np.zeros((topology.getNumAtoms(), 3)))
    kept = set(atoms.tolist())
    modeller.delete([atom for atom in modeller.topology.atoms() if atom.index not in kept])
    modeller.topology.setPeriodicBoxVectors(None)
    return modeller.topology


def formal_charge(system: openmm.System, atoms: npt.NDArray[np.int64]) -> int:
    """Return the rounded sum of the force field's charges of some atoms, e; 0 without charges."""
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            charges = [force.getParticleParameters(int(i))[0] for i in atoms]
            return round(sum(c.value_in_unit(unit.elementary_charge) for c in charges))
    return 0


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
