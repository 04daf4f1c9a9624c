"""TorchScript files of any contract as potentials."""

from openmm_mlff.potentials.torchscript.potential import TorchScriptPotential, load_torchscript
from openmm_mlff.students.loading import is_torchscript

__all__ = ["TorchScriptPotential", "is_torchscript", "load_torchscript"]
