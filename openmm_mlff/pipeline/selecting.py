"""Build the potential of an ML/MM validation."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from openmm_mlff.errors import ConfigError
from openmm_mlff.measuring.selection import select_atoms
from openmm_mlff.molecules.library import read_system_toml, resolve
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials import Potential

if TYPE_CHECKING:
    from openmm_mlff.potentials.mixed import PreparedSystem


def embedded(
    potential: Potential, *, systems: Sequence[str], options: PotentialOptions
) -> Potential:
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
