"""Potentials to be validated, and the references they are compared with.

`registry` loads a spec string; `base` is the interface. The kinds are `student`, `torchscript`,
`ase`, `openmmml` (in both directions), `forcefield`, `mixed` (ML/MM) and `objects` (of a session or
of other packages); `frames` are labels in a file. `calculators` are how ASE calls potentials,
`calculation` is how potentials call ASE's calculators, `engine` evaluates Systems in OpenMM,
`python_backend` and `ahead` run PyTorch in Python, and `torch_plugin` imports openmm-torch.
"""

from openmm_mlff.potentials.base import Evaluation, Potential
from openmm_mlff.potentials.registry import load_potential

__all__ = ["Evaluation", "Potential", "load_potential"]
