"""Systems that users prepared with Amber, CHARMM, GROMACS or OpenMM, read by OpenMM's loaders."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from openmm import app, unit

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.mixed.structure import atom_label, open_topology
from openmm_mlff.potentials.serialised import deserialize
from openmm_mlff.potentials.sites import are_atoms
from openmm_mlff.storage.files import MOST_STRUCTURE_BYTES, check_file_size
from openmm_mlff.storage.text import one_line

PREPARED = "an Amber prmtop, a CHARMM psf with its parameters, a GROMACS top or a system.xml"
"""What is read here, for messages."""

OF_THE_SIMULATION = (
    openmm.CMMotionRemover,
    openmm.AndersenThermostat,
    openmm.MonteCarloBarostat,
    openmm.MonteCarloAnisotropicBarostat,
    openmm.MonteCarloMembraneBarostat,
    openmm.MonteCarloFlexibleBarostat,
)
"""Forces that make an ensemble and are no part of the energy; the checks set their own."""

_SAME_AMU = 0.5
_MOST_OF_HYDROGEN_AMU = 4.1
_LONGEST_BOND_FACTOR = 1.3
"""A harmonic term longer than this times the sum of covalent radii joins atoms over an angle."""


@dataclass(frozen=True, eq=False)
class PreparedSystem:
    """A system as its files describe it.

    Attributes:
        files: names of the files.
        topology: all P particles, with bonds; virtual sites, and only they, have no element.
        create: creates the System, called with a topology, whose box is used, and the arguments of
            ``createSystem``.
        is_complete: whether it is a System, which cutoffs and constraints cannot be given to.
        decides_box: whether the topology states that there is no box.
        system_xml: the isolated System, which identifies the content.
        charge: total charge, e.
    """

    files: tuple[str, ...]
    topology: app.Topology
    create: Callable[..., openmm.System]
    is_complete: bool
    decides_box: bool
    system_xml: str
    charge: int

    def createSystem(self, topology: app.Topology, **arguments: Any) -> openmm.System:  # noqa: N802
        """Create the System in the box of a topology, like ``openmm.app.ForceField``."""
        system = self.create(topology, **arguments)
        for index in reversed(range(system.getNumForces())):
            if isinstance(system.getForce(index), OF_THE_SIMULATION):
                system.removeForce(index)
        return system


def kind_of(name: str) -> str:
    """Return ``Amber``, ``CHARMM``, ``GROMACS`` or ``OpenMM`` for a file of one, else empty."""
    path = Path(name)
    try:
        with path.open("rb") as handle:
            head = handle.read(400).decode("latin-1").lstrip()
    except (OSError, ValueError):
        return ""
    if head.startswith("%VERSION"):
        return "Amber"
    if head.startswith("PSF"):
        return "CHARMM"
    if path.suffix.lower() == ".top" and not head.startswith("*"):
        return "GROMACS"
    return "OpenMM" if head.startswith("<") and "<System " in head else ""


def is_prepared(files: Sequence[str]) -> bool:
    """Check whether one of the files describes a whole system."""
    return any(map(kind_of, files))


def load_prepared(files: Sequence[str], *, structure: Path) -> PreparedSystem:
    """Read a prepared system.

    Args:
        files: the prmtop, psf, top or system.xml; with a psf, its parameter files; with a
            system.xml, a PDB or mmCIF of its atoms, unless that is the structure.
        structure: file with the coordinates.

    Raises:
        PotentialError: there are several, a file cannot be read, or a particle is neither an atom
            nor a virtual site.
        MoleculeError: the PDB or mmCIF cannot be read.
    """
    mains = [name for name in files if kind_of(name)]
    if len(mains) != 1:
        raise PotentialError(
            f"{', '.join(mains)} each describe a whole system; expected one of them as --forcefield"
        )
    (main,) = mains
    others = [name for name in files if name != main]
    kind = kind_of(main)
    if others and kind in ("Amber", "GROMACS"):
        raise PotentialError(
            f"{main} describes the whole system; expected no other --forcefield than it, got "
            f"{', '.join(others)}"
        )
    try:
        check_file_size(Path(main), most_bytes=MOST_STRUCTURE_BYTES)
        topology, create = _LOADERS[kind](main, [*others, str(structure)])
        system = create(topology, nonbondedMethod=app.NoCutoff)
    except PotentialError:
        raise
    # OpenMM's readers raise exceptions of many types, bare ones too, for invalid files.
    except Exception as error:
        raise PotentialError(
            f"{main}: cannot be read by OpenMM as a file of {kind} ("
            f"{one_line(error, with_type=True)}); check that it and the files it names are complete"
        ) from error
    _check_particles(main, topology, system)
    return PreparedSystem(
        files=tuple(files),
        topology=topology,
        create=create,
        is_complete=kind == "OpenMM",
        decides_box=kind in ("Amber", "OpenMM"),
        system_xml=openmm.XmlSerializer.serialize(system),
        charge=round(charges_of(system).sum()),
    )


def charges_of(system: openmm.System) -> np.ndarray:
    """Return the charges of a System's particles, (P,), e; zeros without a ``NonbondedForce``."""
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce):
            return np.array(
                [
                    force.getParticleParameters(index)[0].value_in_unit(unit.elementary_charge)
                    for index in range(force.getNumParticles())
                ]
            )
    return np.zeros(system.getNumParticles())


Loaded = tuple[app.Topology, Callable[..., openmm.System]]
"""What a loader returns; it is given the main file, then the others and the structure."""


def _of_amber(name: str, _: list[str]) -> Loaded:
    loaded = app.AmberPrmtopFile(name)
    return loaded.topology, lambda _, **arguments: loaded.createSystem(**arguments)


def _of_charmm(name: str, others: list[str]) -> Loaded:
    *parameters, _ = others
    if not parameters:
        raise PotentialError(
            f"{name} has no parameters; name the parameter files of CHARMM (.rtf, .prm, .str) with "
            "further --forcefield"
        )
    loaded, read = app.CharmmPsfFile(name), app.CharmmParameterSet(*parameters)

    def create(topology: app.Topology, **arguments: Any) -> openmm.System:
        loaded.box_vectors = topology.getPeriodicBoxVectors()
        # Otherwise a rigid bond keeps its harmonic term, which differs from the other loaders.
        return loaded.createSystem(read, flexibleConstraints=False, **arguments)

    return loaded.topology, create


def _of_gromacs(name: str, _: list[str]) -> Loaded:
    loaded = app.GromacsTopFile(name)

    def create(topology: app.Topology, **arguments: Any) -> openmm.System:
        if arguments.pop("implicitSolvent", None) is not None:
            raise ValueError("OpenMM has no implicit solvent for GROMACS files")
        loaded.topology.setPeriodicBoxVectors(topology.getPeriodicBoxVectors())
        return loaded.createSystem(**arguments)

    return loaded.topology, create


def _of_openmm(name: str, structures: list[str]) -> Loaded:
    text = Path(name).read_text(encoding="utf-8")
    system = deserialize(text, expected="System")
    topology = open_topology(Path(structures[0]))
    if topology.getNumAtoms() != system.getNumParticles():
        raise PotentialError(
            f"{name} has {system.getNumParticles()} particles and {structures[0]} "
            f"{topology.getNumAtoms()} atoms; expected those of the System, in its order"
        )
    if not system.usesPeriodicBoundaryConditions():
        topology.setPeriodicBoxVectors(None)
    elif topology.getPeriodicBoxVectors() is None:
        topology.setPeriodicBoxVectors(system.getDefaultPeriodicBoxVectors())
    _complete_bonds(topology, system)
    return topology, lambda *_, **__: copy.deepcopy(system)


_LOADERS: dict[str, Callable[[str, list[str]], Loaded]] = {
    "Amber": _of_amber,
    "CHARMM": _of_charmm,
    "GROMACS": _of_gromacs,
    "OpenMM": _of_openmm,
}


def _complete_bonds(topology: app.Topology, system: openmm.System) -> None:
    """Add bonds that a PDB without CONECT lacks: harmonic terms and constraints of bond length."""
    from ase.data import covalent_radii

    atoms = list(topology.atoms())
    known = {frozenset((first.index, second.index)) for first, second in topology.bonds()}
    terms = [system.getConstraintParameters(index) for index in range(system.getNumConstraints())]
    for force in system.getForces():
        if isinstance(force, openmm.HarmonicBondForce):
            terms += [force.getBondParameters(index)[:3] for index in range(force.getNumBonds())]
    for first, second, length in terms:
        ends = [atoms[first], atoms[second]]
        pair = frozenset((first, second))
        if pair in known or any(atom.element is None for atom in ends):
            continue
        radii = covalent_radii[[atom.element.atomic_number for atom in ends]]
        if length.value_in_unit(unit.angstrom) <= _LONGEST_BOND_FACTOR * radii.sum():
            topology.addBond(*ends)
            known.add(pair)


def _check_particles(name: str, topology: app.Topology, system: openmm.System) -> None:
    """Check that particles with mass are atoms, and correct their elements by their masses.

    The readers guess an element from the first letter of the name where the file has none.

    Raises:
        PotentialError: a particle is neither an atom nor a virtual site.
    """
    atoms = list(topology.atoms())
    with_hydrogens = {
        other.index
        for bond in topology.bonds()
        for atom, other in (bond, bond[::-1])
        if atom.element is app.element.hydrogen
    }
    for atom, is_atom in zip(atoms, are_atoms(system), strict=True):
        mass_amu = system.getParticleMass(atom.index).value_in_unit(unit.dalton)
        if not is_atom:
            atom.element = None
            continue
        guessed = 0.0 if atom.element is None else atom.element.mass.value_in_unit(unit.dalton)
        # A hydrogen may have taken mass from the heavy atom that it is bonded to.
        is_repartitioned = (
            guessed - _SAME_AMU < mass_amu <= _MOST_OF_HYDROGEN_AMU
            if atom.element is app.element.hydrogen
            else atom.index in with_hydrogens and 0.5 * guessed < mass_amu < guessed
        )
        if abs(guessed - mass_amu) <= _SAME_AMU or is_repartitioned:
            continue
        atom.element = app.Element.getByMass(mass_amu) if mass_amu > _SAME_AMU else None
        known = 0.0 if atom.element is None else atom.element.mass.value_in_unit(unit.dalton)
        if atom.element is None or abs(known - mass_amu) > _SAME_AMU:
            raise PotentialError(
                f"{name}: {atom_label(atom)} has a mass of {mass_amu:g} amu, which is that of no "
                "element, and is not a virtual site; expected atoms and virtual sites (Drude "
                "particles and united atoms are not supported)"
            )
