"""A part of a system by one potential, the rest by a force field (ML/MM, mechanical embedding)."""

from openmm_mlff.potentials.mixed.potential import MixedPotential
from openmm_mlff.potentials.mixed.settings import MixedSettings
from openmm_mlff.potentials.mixed.structure import read_topology

__all__ = ["MixedPotential", "MixedSettings", "read_topology"]
