"""The ASE calculators of all potentials, and the student as a calculator for ASE users."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import CalculationFailed, Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from openmm_mlff.config import nearest
from openmm_mlff.errors import ConfigError, EvaluationRefusedError, PlatformError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.electrons import CHARGE_NAMES, MULTIPLICITY_NAMES, recorded
from openmm_mlff.students.evaluation import evaluate_batch, evaluate_with_list, program_of
from openmm_mlff.students.loading import LoadedStudent, load_checkpoint

_DTYPES = {"float32": torch.float32, "float64": torch.float64}
_RESULTS = ("energy", "forces", "stress")


class FunctionCalculator(Calculator):
    """ASE calculator that calls a function and computes everything in each call.

    Args:
        compute: returns energy, eV, forces, (N, 3), eV/Å, and optionally the stress, (6,), eV/Å³,
            of atoms that are isolated or periodic.
        **kwargs: passed on to ASE's `Calculator`.
    """

    # ASE declares it as an instance attribute, so it cannot be a ClassVar.
    implemented_properties: list[str] = ["energy", "free_energy", "forces"]  # noqa: RUF012

    def __init__(self, compute: Callable[[Atoms], Sequence[Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.compute = compute

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute all properties, ignoring which are requested; called by ASE."""
        super().calculate(atoms, properties, system_changes)
        if self.atoms is None:
            raise PotentialError(
                "the calculator has no atoms; pass ase.Atoms, or set atoms.calc first"
            )
        try:
            found = dict(zip(_RESULTS, self.compute(self.atoms), strict=False))
        except EvaluationRefusedError as error:
            raise CalculationFailed(str(error)) from error
        self.results = {**found, "free_energy": found["energy"]}


class StudentForceFieldCalculator(FunctionCalculator):
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
        super().__init__(self._evaluated, **kwargs)
        if (checkpoint_path is None) == (student is None):
            raise ConfigError("expected either checkpoint_path or student, and not both")
        if dtype not in _DTYPES:
            raise ConfigError(f"unknown dtype {dtype!r}; {nearest(dtype, list(_DTYPES))}")
        self.student = student or load_checkpoint(Path(str(checkpoint_path)))
        self.device = torch_device(device)
        self.dtype = _DTYPES[dtype]
        self.model = program_of(self.student.model, self.dtype).to(self.device)

    def _evaluated(self, atoms: Atoms) -> tuple[Any, ...]:
        is_unknown = [number not in self.student.elements for number in atoms.numbers]
        unknown = sorted(set(atoms.symbols[is_unknown]))
        if unknown:
            raise PotentialError(
                f"student {self.student.name} does not support {', '.join(unknown)}; choose "
                "another potential for this molecule"
            )
        numbers = torch.as_tensor(atoms.numbers, dtype=torch.int64, device=self.device)
        positions = torch.tensor(atoms.positions, dtype=torch.float64, device=self.device)
        if not is_periodic(atoms):
            energy, forces = evaluate_batch(self.model, numbers, positions[None], dtype=self.dtype)
            return float(energy), forces[0].cpu().numpy()
        cell = torch.tensor(atoms.cell.array, device=self.device)
        energy, forces, virial = evaluate_with_list(
            self.model, numbers, positions, dtype=self.dtype, cell=cell
        )
        stress = full_3x3_to_voigt_6_stress(virial.cpu().numpy() / atoms.get_volume())
        return float(energy), forces.cpu().numpy(), stress


def molecule_of(
    atoms: Atoms, *, bonds: tuple[tuple[int, int], ...] | None = None
) -> MolecularSystem:
    """Convert ASE atoms to a molecule; bonds None: from covalent radii.

    Raises:
        PotentialError: periodic in some directions only.
        MoleculeError: two atoms at one place, or an impossible charge or multiplicity.
    """
    cell_angstrom = np.array(atoms.cell) if is_periodic(atoms) else None
    charge, multiplicity = state_of(atoms)
    return MolecularSystem(
        name=str(atoms.info.get("name", "atoms")),
        atomic_numbers=atoms.numbers,
        positions_angstrom=atoms.positions,
        charge=charge,
        multiplicity=multiplicity,
        source="ase.Atoms",
        bonds=bonds,  # type: ignore[arg-type]  # None: from covalent radii
        cell_angstrom=cell_angstrom,
    )


def is_periodic(atoms: Atoms) -> bool:
    """Return whether atoms are periodic in all directions."""
    if atoms.pbc.any() and not atoms.pbc.all():
        raise PotentialError(
            f"atoms are periodic in some directions only (pbc = {atoms.pbc.tolist()}); expected an "
            "isolated molecule or a periodic box: set atoms.pbc to all True or all False"
        )
    return bool(atoms.pbc.all())


def state_of(atoms: Atoms) -> tuple[int, int]:
    """Return charge and multiplicity as recorded, by default 0 and 1."""
    charge = recorded(atoms.info, CHARGE_NAMES)
    multiplicity = recorded(atoms.info, MULTIPLICITY_NAMES)
    return int(charge or 0), 1 if multiplicity is None else int(multiplicity)


def torch_device(name: str) -> torch.device:
    """Return a torch device, ``cpu``, ``cuda`` or ``cuda:N``."""
    expected = "expected cpu, cuda or cuda:N"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise PlatformError(f"unknown device {name!r}; {expected}") from error
    if device.type not in ("cpu", "cuda"):
        raise PlatformError(f"device {name!r} is not supported; {expected}")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise PlatformError(
            f"device {name!r} was requested, but torch finds no CUDA device; use device='cpu', or "
            "check that an NVIDIA driver is installed"
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise PlatformError(
            f"device {name!r} was requested, but torch finds {torch.cuda.device_count()} CUDA "
            "device(s), counted from 0; name one of those"
        )
    return device
