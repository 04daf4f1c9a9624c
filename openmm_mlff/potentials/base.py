"""What every potential can do, whatever it is made of."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff import units
from openmm_mlff.config import PRECISIONS, nearest
from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.fingerprint import Fingerprint, Sources, fingerprint
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.calculation import energy_and_forces, forget, refusals

if TYPE_CHECKING:
    import openmm
    from ase.calculators.calculator import BaseCalculator


def check_precision(precision: str) -> str:
    """Return `precision` where it is known; raise ConfigError where it is not."""
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


class Potential(ABC):
    """A potential energy surface that OpenMM can run.

    Attributes:
        spec: the string that names it.
        name: short, for folders and tables.
        n_parameters: trainable numbers, None where that has no meaning.
        elements: atomic numbers it accepts, None for any.
        composition_is_free: whether it can be asked about other atoms than those of one molecule;
            a file of OpenMM's own contract has its atoms built in.
        box_is_free: whether a periodic box may be turned any way round; what runs inside OpenMM may
            count on a along x and b in the xy plane.
        has_force_field: whether a part of it is a force field of OpenMM's: it tells atoms of one
            element apart by their bonds, may hold distances fixed, and is rounded by every platform
            but Reference.
        is_exported: whether what OpenMM runs is exported from a model that can also be called
            directly.
        has_two_precisions: whether its weights run in float32 and in float64.
        own: the same model through a calculator of its own, which OpenMM's path is compared with;
            None where its ASE calculator is that.
        is_long_range: whether, as a part of a periodic System, it is shown the box and describes
            the electrostatics of its periodic images; None where that is not known.
        is_mixed: whether it describes a part of the atoms, and OpenMM's force field the others.
        teacher: spec of the potential that it was trained to reproduce; None where it names none.
    """

    spec: str
    name: str
    n_parameters: int | None
    elements: frozenset[int] | None
    composition_is_free: bool = True
    box_is_free: bool = True
    has_force_field: bool = False
    is_mixed: bool = False
    is_exported: bool = False
    has_two_precisions: bool = False
    own: "Potential | None" = None
    is_long_range: bool | None = False
    teacher: str | None = None
    _warmed: tuple[str, ...] = ("_calculators",)
    """Cached properties that evaluations make or change."""

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Identity: what the spec stood for when this was first asked."""
        return fingerprint(self.spec, self.sources())

    @cached_property
    def _calculators(self) -> "dict[str, BaseCalculator]":
        """Calculators that evaluations share, by precision."""
        return {}

    def fresh(self) -> "Potential":
        """Return the same potential with an instance of its model that was never evaluated."""
        other = copy.copy(self)
        for name in self._warmed:
            other.__dict__.pop(name, None)
        return other

    @property
    def sha256(self) -> str:
        """Hash of the fingerprint."""
        return self.fingerprint.sha256

    def sources(self) -> Sources:
        """Return what the potential is made of; nothing but its spec by default."""
        return Sources()

    def check_molecule(self, molecule: MolecularSystem) -> None:
        """See that the potential can be asked about this molecule.

        Args:
            molecule: what is to be simulated.

        Raises:
            PotentialError: it holds an element that the potential does not know.
        """
        if self.elements is None:
            return
        unknown = sorted(set(molecule.atomic_numbers.tolist()) - self.elements)
        if unknown:
            from ase.data import chemical_symbols

            names = ", ".join(chemical_symbols[number] for number in unknown)
            known = ", ".join(chemical_symbols[number] for number in sorted(self.elements))
            raise PotentialError(
                f"{self.spec} does not know {names} (in {molecule.name}); it knows {known}; "
                "choose another system or another potential"
            )

    def check_reference(self, molecule: MolecularSystem) -> None:
        """Check that the potential can be the reference of a molecule.

        Args:
            molecule: what is to be compared.

        Raises:
            PotentialError: it cannot describe the molecule.
        """
        self.check_molecule(molecule)

    def other_backends(self) -> "dict[str, Potential]":
        """Give the same potential run by OpenMM in other ways, by their names; none by default."""
        return {}

    @abstractmethod
    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> "list[openmm.Force]":
        """Make the OpenMM forces that are this potential.

        Args:
            molecule: the atoms it describes.
            precision: ``single`` and ``mixed`` run float32 weights, ``double`` float64.
            particles: (N,), which particles of a larger System those atoms are; None where they
                are all of them.

        Returns:
            Forces to be added to a System, whose sum is the potential.

        Raises:
            PotentialError: the potential cannot serve this molecule.
        """

    def create_system(
        self, molecule: MolecularSystem, *, precision: str = "mixed"
    ) -> "openmm.System":
        """Make an OpenMM system of the molecule that runs on this potential.

        Args:
            molecule: what to simulate; masses come from it.
            precision: ``single`` and ``mixed`` run float32 weights, ``double`` float64.

        Returns:
            A system without constraints and without a centre-of-mass remover.

        Raises:
            PotentialError: the potential cannot serve this molecule.
        """
        system = bare_system(molecule)
        for force in self.create_forces(molecule, precision=precision):
            system.addForce(force)
        return system

    @abstractmethod
    def ase_calculator(self, *, precision: str = "mixed", device: str = "cpu") -> "BaseCalculator":
        """Give the same potential as an ASE calculator (eV, Å).

        Args:
            precision: ``single`` and ``mixed`` run float32 weights, ``double`` float64.
            device: ``cpu``, ``cuda`` or ``cuda:N``.

        Returns:
            A new calculator.

        Raises:
            PlatformError: the device is not there.
        """

    def shared_calculator(self, *, precision: str = "mixed") -> "BaseCalculator":
        """Return the calculator of all evaluations by this object, made when it is first asked for.

        Args:
            precision: of the weights.

        Returns:
            The same one each time, without what it kept of its last atoms.
        """
        if precision not in self._calculators:
            self._calculators[precision] = self.ase_calculator(precision=precision)
        forget(self._calculators[precision])
        return self._calculators[precision]

    def evaluate(
        self, molecule: MolecularSystem, positions_angstrom: np.ndarray, *, precision: str = "mixed"
    ) -> Evaluation:
        """Evaluate several geometries, one after the other through the shared ASE calculator.

        Args:
            molecule: which atoms.
            positions_angstrom: (G, N, 3).
            precision: of the weights.

        Returns:
            Energies and forces of all of them.

        Raises:
            EvaluationRefusedError: the calculator refused one (an SCF that does not converge, say).
        """
        atoms = molecule.to_ase()
        atoms.calc = self.shared_calculator(precision=precision)
        found = []
        for positions in positions_angstrom:
            atoms.positions = positions
            with refusals():
                found.append(energy_and_forces(atoms, spec=self.spec))
        return Evaluation(
            np.array([energy for energy, _ in found]),
            np.array([forces for _, forces in found]).reshape(np.shape(positions_angstrom)),
        )


def bare_system(molecule: MolecularSystem) -> "openmm.System":
    """Give an OpenMM system that holds the particles and nothing else.

    Args:
        molecule: its masses, amu.

    Returns:
        A system without forces and constraints, in the molecule's box where it has one.
    """
    import openmm

    system = openmm.System()
    if molecule.cell_angstrom is not None:
        system.setDefaultPeriodicBoxVectors(*openmm_box_nm(molecule.cell_angstrom))
    for mass_amu in molecule.masses_amu:
        system.addParticle(float(mass_amu))
    return system


def openmm_box_nm(cell_angstrom: np.ndarray) -> np.ndarray:
    """Give box vectors as OpenMM takes them.

    Args:
        cell_angstrom: (3, 3), Å, rows.

    Returns:
        (3, 3), nm, rows: the same lattice with a along x, b in the xy plane, reduced.

    Raises:
        PotentialError: the vectors do not lie so; turning the box would turn the atoms with it.
    """
    if np.abs(np.triu(cell_angstrom, 1)).max() > _FLAT * np.abs(cell_angstrom).max():
        raise PotentialError(
            f"box vectors {cell_angstrom.round(3).tolist()} cannot be given to OpenMM; expected a "
            "along x and b in the xy plane: turn the box and its atoms"
        )
    box = np.tril(cell_angstrom) / units.ANGSTROM_PER_NM
    # OpenMM wants c, then b reduced by the vectors before them.
    box[2] -= box[1] * round(box[2, 1] / box[1, 1])
    box[2] -= box[0] * round(box[2, 0] / box[0, 0])
    box[1] -= box[0] * round(box[1, 0] / box[0, 0])
    return np.asarray(box)


_FLAT = 1e-8
