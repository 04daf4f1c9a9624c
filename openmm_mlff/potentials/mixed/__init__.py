"""ML/MM: a potential for a part of a system, a force field for the rest (mechanical embedding)."""

from openmm_mlff.potentials.mixed.coordinates import prepared_molecule
from openmm_mlff.potentials.mixed.potential import MixedPotential
from openmm_mlff.potentials.mixed.prepared import PreparedSystem, is_prepared, load_prepared
from openmm_mlff.potentials.mixed.settings import MixedSettings
from openmm_mlff.potentials.mixed.structure import read_topology

__all__ = [
    "MixedPotential",
    "MixedSettings",
    "PreparedSystem",
    "is_prepared",
    "load_prepared",
    "prepared_molecule",
    "read_topology",
]
