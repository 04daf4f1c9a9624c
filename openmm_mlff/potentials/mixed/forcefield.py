"""The force field of the part that is not described by the potential."""

import copy
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app, unit

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.potentials.mixed.prepared import PreparedSystem, charges_of
from openmm_mlff.potentials.mixed.settings import MixedSettings
from openmm_mlff.storage.fingerprint import hash_path
from openmm_mlff.storage.text import one_line
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


def load_forcefield(files: Sequence[str] | PreparedSystem) -> app.ForceField | PreparedSystem:
    """Load a force field from XML files of the user or of OpenMM; a prepared system is one."""
    if isinstance(files, PreparedSystem):
        return files
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
            f"force field {', '.join(files)}: cannot be loaded ({one_line(error)}); expected "
            "files of OpenMM (such as amber14-all.xml) or paths of your own: correct the name"
        ) from error


def file_hashes(forcefield: Sequence[str] | PreparedSystem) -> dict[str, str]:
    """Return the hash of the content of each file and of the files that it includes.

    Those of a prepared system are covered by the hash of its System.
    """
    if isinstance(forcefield, PreparedSystem):
        content = hashlib.sha256(forcefield.system_xml.encode()).hexdigest()
        return {forcefield.files[0]: content}
    found: dict[str, str] = {}
    waiting = list(forcefield)
    while waiting:
        name = waiting.pop()
        if name not in found:
            path = _path_of(name)
            found[name] = hash_path(path)
            # OpenMM looks for an included file beside the one that includes it first.
            for included in ElementTree.parse(path).getroot().findall("Include"):
                beside = str(Path(name).parent / included.attrib["file"])
                is_beside = (path.parent / included.attrib["file"]).is_file()
                waiting.append(beside if is_beside else included.attrib["file"])
    return found


def _path_of(name: str) -> Path:
    """Return the path of a file of the user, or else of OpenMM's."""
    folders = [Path(), *map(Path, app.forcefield._getDataDirectories())]
    return next((path for path in (each / name for each in folders) if path.is_file()), Path(name))


def create_mm_system(
    forcefield: app.ForceField | PreparedSystem,
    topology: app.Topology,
    *,
    settings: MixedSettings,
    **optional: Any,
) -> openmm.System:
    """Create a System of the force field with all atoms, without a centre-of-mass remover.

    In a box of the topology PME is used, otherwise no cutoff. ``optional``: further arguments of
    OpenMM's ``createSystem``. A System of the user is used as it is, without forces that control
    temperature or pressure.

    Raises:
        PotentialError: the force field does not contain a residue, or lacks parameters; or the
            settings do not apply to it.
    """
    _check_settings(forcefield, settings)
    mass_amu = settings.hydrogen_mass_amu
    box = topology.getPeriodicBoxVectors()
    if box is not None:
        optional["nonbondedCutoff"] = nm_from_angstrom(settings.cutoff_angstrom)
        optional["ewaldErrorTolerance"] = settings.ewald_tolerance
        if settings.switch_angstrom is not None:
            optional["switchDistance"] = nm_from_angstrom(settings.switch_angstrom)
    if settings.implicit_solvent != "none":
        optional["implicitSolvent"] = getattr(app, settings.implicit_solvent)
    try:
        system = forcefield.createSystem(
            topology,
            nonbondedMethod=app.NoCutoff if box is None else app.PME,
            constraints=app.HBonds if settings.constraints == "hbonds" else None,
            rigidWater=settings.rigid_water,
            hydrogenMass=None if mass_amu is None else mass_amu * unit.dalton,
            removeCMMotion=False,
            **optional,
        )
    except (*_LOADING_FAILURES, openmm.OpenMMException) as error:
        if "extra site" in str(error):
            residue = one_line(error).partition(". ")[0].removeprefix("No template found for ")
            raise PotentialError(
                f"the force field gives {residue} virtual sites (as in four-site water), which are "
                "not supported here; use one without them, for example amber14/tip3p.xml"
            ) from error
        raise PotentialError(
            f"the force field cannot describe the structure ({one_line(error)}); add a "
            "file that defines this residue, and check that the structure names its "
            "atoms, hydrogens and bonds (CONECT)"
        ) from error
    if box is not None:
        system.setDefaultPeriodicBoxVectors(*box)
    return system


def boxed(topology: app.Topology, molecule: MolecularSystem) -> app.Topology:
    """Return a copy of a topology with the molecule's box, or none."""
    copied = copy.deepcopy(topology)
    box = None if molecule.cell_angstrom is None else openmm_box_nm(molecule.cell_angstrom)
    copied.setPeriodicBoxVectors(box)
    return copied


def formal_charge(system: openmm.System, atoms: npt.NDArray[np.int64]) -> int:
    """Return the rounded sum of the force field's charges of some atoms, e; 0 without charges."""
    return round(charges_of(system)[atoms].sum())


def _check_settings(forcefield: app.ForceField | PreparedSystem, settings: MixedSettings) -> None:
    if isinstance(forcefield, app.ForceField):
        if settings.implicit_solvent != "none":
            raise PotentialError(
                f"implicit solvent {settings.implicit_solvent} was given with OpenMM's force field "
                "files; name its file instead, for example --forcefield implicit/obc2.xml"
            )
    elif forcefield.is_complete and settings != MixedSettings():
        raise PotentialError(
            f"{forcefield.files[0]} is a System with constraints, masses and solvent of its own, "
            "which is used as it is; leave out --constraints, --hydrogen-mass and "
            "--implicit-solvent"
        )
