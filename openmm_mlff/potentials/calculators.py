"""Students as ASE calculators."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.config import nearest
from openmm_mlff.errors import ConfigError, PlatformError, PotentialError
from openmm_mlff.students.deployment import all_pairs, in_dtype
from openmm_mlff.students.loading import LoadedStudent, load_checkpoint

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


class StudentForceFieldCalculator(Calculator):
    """ASE calculator for any student checkpoint (this project's or MLFF-Distiller's).

    Energies in eV, forces in eV/Å, isolated molecules.

    Args:
        checkpoint_path: the checkpoint.
        device: ``cpu``, ``cuda``, ``cuda:1``, ...
        dtype: of the weights, ``float32`` or ``float64``.
        student: an already loaded checkpoint, instead of a path.
        **kwargs: passed on to ASE's `Calculator`.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
        ConfigError: unknown `dtype`, or neither or both of a path and a student.
        PlatformError: the device is not there.

    Example:
        >>> atoms.calc = StudentForceFieldCalculator(checkpoint_path="best_model.pt")
    """

    # ASE declares it for instances, so it cannot be marked as the class's own.
    implemented_properties: list[str] = ["energy", "free_energy", "forces"]  # noqa: RUF012

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
        self.device = _device(device)
        self.dtype = _DTYPES[dtype]
        self.model = in_dtype(self.student.model, self.dtype).to(self.device)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy and forces; ASE calls this.

        Args:
            atoms: isolated; those of the last call when left out.
            properties: ignored, all are computed.
            system_changes: ignored, everything is computed anew.

        Raises:
            PotentialError: no atoms at all, an element that the student does not know, or
                periodic boundaries.
        """
        super().calculate(atoms, properties, system_changes)
        placed = self.atoms
        if placed is None:
            raise PotentialError("no atoms to compute; expected ase.Atoms; set atoms.calc first")
        self._check(placed)
        numbers = torch.as_tensor(placed.numbers, dtype=torch.int64, device=self.device)
        positions = torch.tensor(
            placed.positions, dtype=torch.float64, device=self.device, requires_grad=True
        )
        senders, receivers = (pairs.to(self.device) for pairs in all_pairs(len(numbers)))
        displacements = (positions[senders] - positions[receivers]).to(self.dtype)
        energies = self.model(
            numbers, displacements, senders, receivers, torch.zeros_like(numbers), 1
        )
        (gradient,) = torch.autograd.grad(energies.sum(), positions)
        energy = float(energies.detach()[0])
        forces = np.array(-gradient.cpu().numpy(), dtype=float)
        self.results = {"energy": energy, "free_energy": energy, "forces": forces}

    def _check(self, atoms: Atoms) -> None:
        """Refuse what the student cannot describe."""
        unknown = sorted(
            set(atoms.symbols[[z not in self.student.elements for z in atoms.numbers]])
        )
        if unknown:
            raise PotentialError(
                f"student {self.student.name} does not know {', '.join(unknown)}; "
                "choose another potential for this molecule"
            )
        if atoms.pbc.any():
            raise PotentialError(
                f"student {self.student.name} describes isolated molecules, got periodic "
                "boundaries; set atoms.pbc = False"
            )


def _device(name: str) -> torch.device:
    """Make a torch device of a name, and see that it is there."""
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise PlatformError(f"unknown device {name!r}; expected cpu, cuda or cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise PlatformError(f"students do not run on device {name!r}; expected cpu, cuda or cuda:N")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise PlatformError(
            f"device {name!r} was asked for and torch finds no CUDA device; use device='cpu', or "
            "see that an NVIDIA driver is installed"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise PlatformError(
            f"device {name!r} was asked for and torch finds {torch.cuda.device_count()} CUDA "
            "device(s), counted from 0; name one of those"
        )
    return device
