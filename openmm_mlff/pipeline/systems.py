"""Load the systems that a request names."""

from collections.abc import Iterator

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem, load_systems
from openmm_mlff.request import ValidationRequest


def requested_systems(
    request: ValidationRequest,
) -> Iterator[tuple[str, list[MolecularSystem]]]:
    """Load the systems of a request.

    Yields:
        Each specification and its molecules.

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
