"""Load the systems that a request names."""

from collections.abc import Iterator

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.pipeline.selecting import structure_file
from openmm_mlff.request import ValidationRequest


def requested_systems(
    request: ValidationRequest,
) -> Iterator[tuple[str, list[MolecularSystem]]]:
    """Load the systems of a request.

    Yields:
        Each specification and its molecules; that of a prepared ML/MM system has the atoms and
        bonds of its topology.

    Raises:
        ConfigError: no system, or names for another number of systems.
    """
    if not request.systems:
        raise ConfigError("no system was given; give at least one --system NAME or FILE")
    names = request.names or (None,) * len(request.systems)
    if len(names) != len(request.systems):
        raise ConfigError(
            f"{len(names)} names for {len(request.systems)} systems; give one --name for each "
            "--system, in their order"
        )
    for system, name in zip(request.systems, names, strict=True):
        if request.options.ml_atoms and (prepared := _prepared(request, system, name)):
            yield system, [prepared]
            continue
        yield (
            system,
            load_systems(
                system,
                charge=request.charge,
                multiplicity=request.multiplicity,
                name=name,
                add_hydrogens=request.add_hydrogens,
            ),
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
