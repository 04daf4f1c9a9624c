"""Load the systems that a request names, and build the potential of an ML/MM system."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.molecules.library import read_system_toml, resolve
from openmm_mlff.options import PotentialOptions
from openmm_mlff.request import ValidationRequest
from openmm_mlff.storage.run_directory import TAKEN_NAMES

if TYPE_CHECKING:
    from openmm_mlff.potentials import Potential
    from openmm_mlff.potentials.mixed import PreparedSystem


def requested_systems(request: ValidationRequest) -> dict[str, MolecularSystem]:
    """Load the systems of a request, by name, in order.

    A prepared ML/MM system has the atoms and bonds of its topology.

    Raises:
        ConfigError: no system, names for another number of systems, or a name that is reserved or
            given twice.
        MoleculeError: a system cannot be loaded.
    """
    if not request.systems:
        raise ConfigError("no system was given; give at least one --system NAME or FILE")
    names = request.names or (None,) * len(request.systems)
    if len(names) != len(request.systems):
        raise ConfigError(
            f"{len(names)} names for {len(request.systems)} systems; give one --name for each "
            "--system, in their order"
        )
    molecules: dict[str, MolecularSystem] = {}
    for system, name in zip(request.systems, names, strict=True):
        for molecule in _loaded(request, system, name):
            if molecule.name.casefold() in TAKEN_NAMES:
                raise ConfigError(
                    f"system {system}: {molecule.name!r} is a reserved file name of the run "
                    "folder; give the structure another name"
                )
            if molecule.name in molecules:
                raise ConfigError(
                    f"system {molecule.name!r} is given twice; give each system once, or "
                    "distinguish them with --name"
                )
            molecules[molecule.name] = molecule
    return molecules


def _loaded(request: ValidationRequest, system: str, name: str | None) -> Sequence[MolecularSystem]:
    """Return the molecules of one specification: one of a prepared ML/MM system."""
    if request.options.ml_atoms and (prepared := _prepared(request, system, name)):
        return [prepared]
    return load_systems(
        system,
        charge=request.charge,
        multiplicity=request.multiplicity,
        name=name,
        add_hydrogens=request.add_hydrogens,
    )


def _prepared(request: ValidationRequest, system: str, name: str | None) -> MolecularSystem | None:
    """Return the molecule of a prepared ML/MM system; None if it is not one."""
    from openmm_mlff.potentials.mixed import is_prepared, load_prepared, prepared_molecule

    options = request.options
    if not is_prepared(options.forcefield):
        return None
    path = structure_file(system)
    return prepared_molecule(
        load_prepared(options.forcefield, structure=path),
        path,
        name=name,
        charge=request.charge,
        multiplicity=request.multiplicity,
        is_isolated=options.implicit_solvent != "none",
    )


def embedded(
    potential: "Potential", *, systems: Sequence[str], options: PotentialOptions
) -> "Potential":
    """Embed a potential in a force field, or return it unchanged if no ML atoms are selected.

    Raises:
        ConfigError: several systems were named.
        MoleculeError: the structure has no names, or the selection matches nothing.
        PotentialError: the selection or the force field does not fit the structure.
        MissingDependencyError: openmm-ml is not installed.
    """
    if options.ml_atoms is None:
        return potential
    if len(systems) != 1:
        raise ConfigError(
            f"--ml-atoms {options.ml_atoms!r} was given with {len(systems)} systems; an ML/MM "
            "validation takes one --system"
        )
    # Imported here, because the systems alone need neither OpenMM nor MDTraj.
    from openmm_mlff.measuring.selection import select_atoms
    from openmm_mlff.potentials.mixed import (
        MixedPotential,
        MixedSettings,
        is_prepared,
        load_prepared,
        read_topology,
    )

    structure = structure_file(systems[0])
    forcefield: Sequence[str] | PreparedSystem = options.forcefield
    if is_prepared(options.forcefield):
        forcefield = load_prepared(options.forcefield, structure=structure)
        topology = forcefield.topology
    else:
        topology = read_topology(structure)
    return MixedPotential(
        potential,
        topology,
        ml_atoms=select_atoms(topology, options.ml_atoms),
        forcefield=forcefield,
        settings=MixedSettings(
            constraints=options.constraints,
            hydrogen_mass_amu=options.hydrogen_mass_amu,
            implicit_solvent=options.implicit_solvent,
        ),
    )


def structure_file(name_or_path: str) -> Path:
    """Return the structure file of a library name, a folder with a ``system.toml``, or a file."""
    path = resolve(name_or_path)
    if not path.is_dir():
        return path
    return path / str(read_system_toml(path)["structure"])
