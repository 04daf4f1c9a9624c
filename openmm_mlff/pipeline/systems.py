"""Load the systems that a request names."""

from collections.abc import Sequence

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.request import ValidationRequest
from openmm_mlff.storage.run_directory import TAKEN_NAMES


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
    from openmm_mlff.pipeline.selecting import structure_file
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
