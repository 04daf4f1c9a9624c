"""Classical force fields as potentials and references: ``openmm:FILE.xml,FILE.xml?key=value``."""

from dataclasses import fields
from pathlib import Path

import openmm
from openmm import app
from pydantic import TypeAdapter, ValidationError

from openmm_mlff.config import first_problem, nearest
from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.molecules import MolecularSystem, fragment_labels
from openmm_mlff.potentials.ase import read_options
from openmm_mlff.potentials.base import check_precision
from openmm_mlff.potentials.engine import SystemPotential, cutoff_angstrom
from openmm_mlff.potentials.mixed.forcefield import (
    boxed,
    create_mm_system,
    file_hashes,
    load_forcefield,
)
from openmm_mlff.potentials.mixed.settings import MixedSettings
from openmm_mlff.potentials.mixed.structure import check_box, check_same_atoms, read_topology
from openmm_mlff.potentials.topology import topology_of
from openmm_mlff.storage.fingerprint import Sources, files_named

PREFIX = "openmm:"
_STRUCTURE = "structure"
_SETTINGS = {one.name for one in fields(MixedSettings)} - {"implicit_solvent"}
_SWITCH_BEFORE_CUTOFF_ANGSTROM = 1.0


class ForceFieldPotential(SystemPotential):
    """A force field of OpenMM for any system whose molecules it has templates for.

    Each molecule is matched with a template as one residue, by elements and bonds; a chain of
    several residues needs a structure that names them.  Water is flexible unless requested
    otherwise; where it is rigid, the energy keeps the terms of its bonds and angle.  In a box
    electrostatics is by PME, and bonds are taken between nearest images.

    Args:
        files: XML files of the user or of OpenMM.
        settings: cutoff, constraints and masses.
        structure: PDB or mmCIF file with the residues, in the order of the atoms.
        spec: the spec string.

    Raises:
        PotentialError: a file cannot be read.
        MoleculeError: the structure cannot be read.
    """

    # Single atoms and copies have no template in general.
    composition_is_free = False
    has_force_field = True

    def __init__(
        self, files: list[str], *, settings: MixedSettings, structure: str = "", spec: str
    ) -> None:
        self.spec = spec
        self.name = "-".join(Path(name).stem for name in files)
        self.settings = settings
        self._forcefield = load_forcefield(files)
        self._topology = read_topology(Path(structure)) if structure else None
        self._files = {**file_hashes(files), **files_named({"": structure})}

    @classmethod
    def from_spec(cls, spec: str) -> "ForceFieldPotential":
        """Build from ``openmm:FILE.xml,FILE.xml?key=value&...``.

        Keys are ``structure`` and the settings of :class:`MixedSettings`.

        Raises:
            PotentialError: the spec is malformed, or a file cannot be read.
        """
        body, _, query = spec.removeprefix(PREFIX).partition("?")
        files, options = body.split(","), read_options(query)
        if not all(files) or options is None:
            raise PotentialError(
                f"cannot read {spec!r}; expected openmm:FILE.xml,FILE.xml?key=value&key=value, for "
                "example openmm:tip3p.xml?cutoff_angstrom=6"
            )
        structure = str(options.pop(_STRUCTURE, ""))
        for key in options:
            if key not in _SETTINGS:
                known = sorted({_STRUCTURE, *_SETTINGS})
                raise PotentialError(f"{spec}: unknown option {key!r}; {nearest(key, known)}")
        try:
            if "cutoff_angstrom" in options:
                switch = float(options["cutoff_angstrom"]) - _SWITCH_BEFORE_CUTOFF_ANGSTROM
                options = {"switch_angstrom": switch, **options}
            settings = TypeAdapter(MixedSettings).validate_python({"rigid_water": False, **options})
        except ValidationError as error:
            raise PotentialError(f"{spec}: {first_problem(error)}") from error
        except (ConfigError, TypeError, ValueError) as error:
            raise PotentialError(f"{spec}: {error}; correct its options") from error
        return cls(files, settings=settings, structure=structure, spec=spec)

    def sources(self) -> Sources:
        """See :meth:`Potential.sources`: the content of every file, and the settings."""
        return Sources(files=self._files, details={"settings": repr(self.settings)})

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """Check that every molecule has a template and that the cutoff fits into the box."""
        system = self.create_system(molecule)
        check_box(self._topology_of(molecule), molecule, cutoff_angstrom=cutoff_angstrom(system))

    def create_system(
        self, molecule: MolecularSystem, *, precision: str = "mixed"
    ) -> openmm.System:
        """Create the System, with masses and constraints of the settings."""
        check_precision(precision)
        has_constraints = self.settings.rigid_water or self.settings.constraints != "none"
        try:
            system = create_mm_system(
                self._forcefield,
                self._topology_of(molecule),
                settings=self.settings,
                # OpenMM refuses an argument that it does not use.
                **({"flexibleConstraints": True} if has_constraints else {}),
            )
        except PotentialError as error:
            raise PotentialError(f"{self.spec} on {molecule.name}: {error}") from error
        for force in system.getForces():
            if isinstance(force, openmm.NonbondedForce):
                force.setExceptionsUsePeriodicBoundaryConditions(molecule.is_periodic)
            elif hasattr(force, "setUsesPeriodicBoundaryConditions"):
                force.setUsesPeriodicBoundaryConditions(molecule.is_periodic)
        return system

    def _topology_of(self, molecule: MolecularSystem) -> app.Topology:
        """Return the topology of the structure, or one with a residue for each molecule."""
        if self._topology is not None:
            check_same_atoms(self._topology, molecule)
            return boxed(self._topology, molecule)
        self._bonds[molecule.atomic_numbers.tobytes()] = molecule.bonds
        labels = fragment_labels(molecule.n_atoms, bonds=molecule.bonds)
        if labels != sorted(labels):
            raise PotentialError(
                f"{molecule.name}: atoms of one molecule are not consecutive; OpenMM's force "
                "fields expect one molecule after the other: reorder the atoms"
            )
        topology = topology_of(molecule, residue_starts=set(labels))
        for residue in topology.residues():
            if sorted(atom.element.symbol for atom in residue.atoms()) == ["H", "H", "O"]:
                # OpenMM makes only residues of this name rigid.
                residue.name = "HOH"
        return topology
