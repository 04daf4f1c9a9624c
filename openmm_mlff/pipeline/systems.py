"""Load the systems that a request names."""

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.request import ValidationRequest
from openmm_mlff.storage.run_directory import TAKEN_NAMES


def requested_systems(request: ValidationRequest) -> dict[str, MolecularSystem]:
    """Load the systems of a request, by name, in order.

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
        for molecule in load_systems(
            system,
            charge=request.charge,
            multiplicity=request.multiplicity,
            name=name,
            add_hydrogens=request.add_hydrogens,
        ):
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
