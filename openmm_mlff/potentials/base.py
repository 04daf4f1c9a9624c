"""The common interface of all potentials."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from openmm_mlff import units
from openmm_mlff.config import PRECISIONS, nearest
from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.calculation import energy_and_forces, forget, refusals
from openmm_mlff.storage.fingerprint import Fingerprint, Sources, fingerprint

if TYPE_CHECKING:
    import openmm
    from ase.calculators.calculator import BaseCalculator

_Same = TypeVar("_Same", bound="Potential")


def check_precision(precision: str) -> str:
    """Return `precision` if it is valid, otherwise raise ConfigError."""
    if precision not in PRECISIONS:
        raise ConfigError(f"unknown precision {precision!r}; {nearest(precision, PRECISIONS)}")
    return precision


@dataclass(frozen=True)
class Evaluation:
    """Energies and forces of several geometries of one molecule.

    Attributes:
        energies_ev: float64 (G,).
        forces_ev_per_angstrom: float64 (G, N, 3).
    """

    energies_ev: np.ndarray
    forces_ev_per_angstrom: np.ndarray

    @classmethod
    def of(cls, found: Iterable[tuple[float, np.ndarray]], *, n_atoms: int) -> "Evaluation":
        """Collect energies, eV, and forces, (N, 3), eV/Å, of single geometries."""
        pairs = list(found)
        forces = np.array([forces for _, forces in pairs]).reshape(-1, n_atoms, 3)
        return cls(np.array([energy for energy, _ in pairs]), forces)


class Potential(ABC):
    """A potential energy surface that OpenMM can run.

    In all methods, precision ``single`` and ``mixed`` means float32 weights, ``double`` float64.

    Attributes:
        spec: the spec string.
        name: short name for folders and tables.
        n_parameters: number of trainable parameters; None if not applicable.
        elements: supported atomic numbers; None for any.
        composition_is_free: whether it can evaluate molecules other than one; files of OpenMM's own
            contract are exported for fixed atoms.
        box_is_free: whether a periodic box may have any orientation; a potential that runs inside
            OpenMM may assume a along x and b in the xy plane.
        has_force_field: whether a part of it is an OpenMM force field, which distinguishes atoms of
            one element by their bonds, may constrain distances, and is evaluated in reduced
            precision by every platform but Reference.
        is_exported: whether OpenMM runs an export of a model that can also be called directly.
        has_two_precisions: whether its weights run in float32 and in float64.
        own: the same model through its original calculator, for comparison with OpenMM; None if its
            ASE calculator is the original.
        committee: models for the same purpose, trained apart.
        second_reference: another reference than that of the validation.
        is_long_range: whether, as a part of a periodic System, it receives the box and includes
            the electrostatics of its periodic images; None if unknown.
        is_mixed: whether it describes some of the atoms, and OpenMM's force field the others.
        teacher: spec of the potential that it was trained on; None if it names none.
    """

    spec: str
    name: str
    n_parameters: int | None = None
    elements: frozenset[int] | None = None
    composition_is_free: bool = True
    box_is_free: bool = True
    has_force_field: bool = False
    is_mixed: bool = False
    is_exported: bool = False
    has_two_precisions: bool = False
    own: "Potential | None" = None
    committee: "tuple[Potential, ...]" = ()
    second_reference: "Potential | None" = None
    is_long_range: bool | None = False
    teacher: str | None = None
    _warmed: tuple[str, ...] = ("_calculators",)
    """Cached properties that evaluations create or modify."""

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Identity of the potential when first accessed."""
        return fingerprint(self.spec, self.sources())

    @cached_property
    def _calculators(self) -> "dict[str, BaseCalculator]":
        """Calculators shared by evaluations, by precision."""
        return {}

    def fresh(self: _Same) -> _Same:
        """Return the same potential with a model instance that was never evaluated."""
        other = copy.copy(self)
        for name in self._warmed:
            other.__dict__.pop(name, None)
        return other

    @property
    def sha256(self) -> str:
        """Hash of the fingerprint."""
        return self.fingerprint.sha256

    def sources(self) -> Sources:
        """Return the sources that define the potential; by default only its spec."""
        return Sources()

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """Check that the potential supports this molecule.

        Raises:
            PotentialError: an element is not supported.
        """
        if self.elements is None:
            return
        unknown = sorted(set(molecule.atomic_numbers.tolist()) - self.elements)
        if unknown:
            from ase.data import chemical_symbols

            names = ", ".join(chemical_symbols[number] for number in unknown)
            known = ", ".join(chemical_symbols[number] for number in sorted(self.elements))
            raise PotentialError(
                f"{self.spec} does not support {names} (in {molecule.name}); it supports {known}; "
                "choose another system or another potential"
            )

    def check_reference(self, molecule: MolecularSystem) -> None:
        """Check that the potential can be the reference of a molecule.

        Raises:
            PotentialError: it cannot describe the molecule.
        """
        self.check_molecule(molecule)

    def other_backends(self) -> "dict[str, Potential]":
        """Return the same potential run by OpenMM in other ways, by name; none by default."""
        return {}

    @abstractmethod
    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> "list[openmm.Force]":
        """Create the OpenMM forces whose sum is this potential.

        ``particles``, (N,): indices of the molecule's atoms in a larger System; None if it is the
        whole.

        Raises:
            PotentialError: the potential does not support this molecule.
        """

    def create_system(
        self, molecule: MolecularSystem, *, precision: str = "mixed"
    ) -> "openmm.System":
        """Create an OpenMM System of the molecule, without constraints or centre-of-mass remover.

        Raises:
            PotentialError: the potential does not support this molecule.
        """
        system = bare_system(molecule)
        for force in self.create_forces(molecule, precision=precision):
            system.addForce(force)
        return system

    @abstractmethod
    def ase_calculator(self, *, precision: str = "mixed", device: str = "cpu") -> "BaseCalculator":
        """Return the same potential as a new ASE calculator (eV, Å).

        Raises:
            PlatformError: the device, ``cpu``, ``cuda`` or ``cuda:N``, is not available.
        """

    def shared_calculator(self, *, precision: str = "mixed") -> "BaseCalculator":
        """Return the calculator shared by all evaluations of this object, reset on each call."""
        if precision not in self._calculators:
            self._calculators[precision] = self.ase_calculator(precision=precision)
        forget(self._calculators[precision])
        return self._calculators[precision]

    def evaluate(
        self, molecule: MolecularSystem, positions_angstrom: np.ndarray, *, precision: str = "mixed"
    ) -> Evaluation:
        """Evaluate geometries, (G, N, 3), one after the other with the shared ASE calculator.

        Raises:
            EvaluationRefusedError: the calculator refused one, e.g. because the SCF did not
            converge.
        """
        atoms = molecule.to_ase()
        atoms.calc = self.shared_calculator(precision=precision)
        found = []
        for positions in positions_angstrom:
            atoms.positions = positions
            with refusals():
                found.append(energy_and_forces(atoms, spec=self.spec))
        return Evaluation.of(found, n_atoms=molecule.n_atoms)


def bare_system(molecule: MolecularSystem) -> "openmm.System":
    """Return an OpenMM System with particles and box but without forces and constraints."""
    import openmm

    system = openmm.System()
    if molecule.cell_angstrom is not None:
        system.setDefaultPeriodicBoxVectors(*openmm_box_nm(molecule.cell_angstrom))
    for mass_amu in molecule.masses_amu:
        system.addParticle(float(mass_amu))
    return system


def openmm_box_nm(cell_angstrom: np.ndarray) -> np.ndarray:
    """Convert box vectors, rows of (3, 3), from Å to OpenMM's reduced form in nm.

    Raises:
        PotentialError: a is not along x or b not in the xy plane; changing the box would require
            rotating the atoms.
    """
    if np.abs(np.triu(cell_angstrom, 1)).max() > _FLAT * np.abs(cell_angstrom).max():
        raise PotentialError(
            f"box vectors {cell_angstrom.round(3).tolist()} cannot be given to OpenMM; expected a "
            "along x and b in the xy plane: rotate the box and its atoms"
        )
    box = np.tril(cell_angstrom) / units.ANGSTROM_PER_NM
    # OpenMM requires c, then b reduced by the preceding vectors.
    box[2] -= box[1] * round(box[2, 1] / box[1, 1])
    box[2] -= box[0] * round(box[2, 0] / box[0, 0])
    box[1] -= box[0] * round(box[1, 0] / box[0, 0])
    return np.asarray(box)


_FLAT = 1e-8
