"""Potentials to be validated, and the references they are compared with."""

from openmm_mlff.potentials.base import Evaluation, Potential
from openmm_mlff.potentials.registry import load_potential

__all__ = ["Evaluation", "Potential", "load_potential"]
