"""TorchScript files as potentials, whatever contract their signature follows."""

from openmm_mlff.potentials.torchscript.potential import TorchScriptPotential, load_torchscript
from openmm_mlff.students.loading import is_torchscript

__all__ = ["TorchScriptPotential", "is_torchscript", "load_torchscript"]
