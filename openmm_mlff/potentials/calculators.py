"""Students as ASE calculators."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.stress import full_3x3_to_voigt_6_stress

from openmm_mlff.config import nearest
from openmm_mlff.errors import ConfigError, PlatformError, PotentialError
from openmm_mlff.potentials.energy_and_forces import EnergyAndForces
from openmm_mlff.students.evaluation import evaluate_batch, evaluate_with_list, program_of
from openmm_mlff.students.loading import LoadedStudent, load_checkpoint

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


class StudentForceFieldCalculator(EnergyAndForces):
    """ASE calculator for any student checkpoint (this project's or MLFF-Distiller's).

    Energies in eV, forces in eV/Å; for periodic atoms also the stress in eV/Å³.

    Args:
        checkpoint_path: the checkpoint.
        device: ``cpu``, ``cuda``, ``cuda:1``, ...
        dtype: of the weights, ``float32`` or ``float64``.
        student: an already loaded checkpoint, instead of a path.
        **kwargs: passed on to ASE's `Calculator`.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
        ConfigError: unknown `dtype`, or neither or both of a path and a student.
        PlatformError: the device is not available.

    Example:
        >>> atoms.calc = StudentForceFieldCalculator(checkpoint_path="best_model.pt")
    """

    # ASE declares it as an instance attribute, so it cannot be a ClassVar.
    implemented_properties: list[str] = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def __init__(
        self,
        checkpoint_path: str | Path | None = None,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        student: LoadedStudent | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (checkpoint_path is None) == (student is None):
            raise ConfigError("give either checkpoint_path or student, and not both")
        if dtype not in _DTYPES:
            raise ConfigError(f"unknown dtype {dtype!r}; {nearest(dtype, list(_DTYPES))}")
        self.student = student or load_checkpoint(Path(str(checkpoint_path)))
        self.device = torch_device(device)
        self.dtype = _DTYPES[dtype]
        self.model = program_of(self.student.model, self.dtype).to(self.device)

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        """See :meth:`EnergyAndForces.compute`."""
        self._check(atoms)
        numbers = torch.as_tensor(atoms.numbers, dtype=torch.int64, device=self.device)
        positions = torch.tensor(atoms.positions, dtype=torch.float64, device=self.device)
        periodic = bool(atoms.pbc.all())
        if periodic:
            cell = torch.tensor(atoms.cell.array, device=self.device)
            energy, forces, virial = evaluate_with_list(
                self.model, numbers, positions, dtype=self.dtype, cell=cell
            )
        else:
            (energy,), (forces,) = evaluate_batch(
                self.model, numbers, positions[None], dtype=self.dtype
            )
        results = {
            "energy": float(energy),
            "free_energy": float(energy),
            "forces": np.array(forces.cpu().numpy(), dtype=float),
        }
        if periodic:
            stress = virial.cpu().numpy() / atoms.get_volume()
            results["stress"] = full_3x3_to_voigt_6_stress(stress)
        return results

    def _check(self, atoms: Atoms) -> None:
        """Raise if the student does not support the atoms."""
        unknown = sorted(
            set(atoms.symbols[[z not in self.student.elements for z in atoms.numbers]])
        )
        if unknown:
            raise PotentialError(
                f"student {self.student.name} does not know {', '.join(unknown)}; "
                "choose another potential for this molecule"
            )
        if atoms.pbc.any() and not atoms.pbc.all():
            raise PotentialError(
                f"student {self.student.name} describes isolated molecules and periodic boxes, got "
                f"pbc = {atoms.pbc.tolist()}; set atoms.pbc to all False or all True"
            )


def torch_device(name: str) -> torch.device:
    """Return a torch device, ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        PlatformError: unknown or not available.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise PlatformError(f"unknown device {name!r}; expected cpu, cuda or cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise PlatformError(
            f"no potential here runs on device {name!r}; expected cpu, cuda or cuda:N"
        )
    if device.type == "cuda" and not torch.cuda.is_available():
        raise PlatformError(
            f"device {name!r} was asked for and torch finds no CUDA device; use device='cpu', or "
            "check that an NVIDIA driver is installed"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise PlatformError(
            f"device {name!r} was asked for and torch finds {torch.cuda.device_count()} CUDA "
            "device(s), counted from 0; name one of those"
        )
    return device
