"""Energies and forces of a System in one Context, and potentials that are a whole System."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import openmm
from ase import Atoms

from openmm_mlff import units
from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Evaluation, Potential, check_precision, openmm_box_nm
from openmm_mlff.potentials.calculators import (
    FunctionCalculator,
    is_periodic,
    molecule_of,
    state_of,
)
from openmm_mlff.potentials.sites import of_atoms
from openmm_mlff.storage.text import one_line

_UNUSED_TIMESTEP_PS = 0.001


def cutoff_angstrom(system: openmm.System) -> float:
    """Return the longest cutoff of a System's periodic forces, Å; 0 without one."""
    lengths = [
        units.angstrom_from_nm(force.getCutoffDistance()._value)
        for force in system.getForces()
        if hasattr(force, "getCutoffDistance") and force.usesPeriodicBoundaryConditions()
    ]
    return max(lengths, default=0.0)


def _refuse_narrow(cell_angstrom: npt.NDArray[np.float64], *, cutoff_angstrom: float) -> None:
    # Not the distance of the faces, which is smaller in a skewed box of the same lattice.
    length = float(np.diag(cell_angstrom).min())
    if length < 2.0 * cutoff_angstrom:
        raise EvaluationRefusedError(
            f"the box is {length:.2f} Å long, less than twice the cutoff of {cutoff_angstrom:g} Å"
        )


class Engine:
    """A reusable Context for single-point evaluations.

    Args:
        system: constraints are not applied: forces are the gradient of the energy.
        precision: ``double`` runs on the Reference platform, otherwise CPU with deterministic
            forces.

    Raises:
        EvaluationRefusedError: the box is smaller than twice the cutoff.
    """

    def __init__(self, system: openmm.System, *, precision: str) -> None:
        self._cutoff_angstrom = cutoff_angstrom(system)
        if system.usesPeriodicBoundaryConditions():
            vectors_nm = np.array(
                [list(row._value) for row in system.getDefaultPeriodicBoxVectors()]
            )
            cell = units.angstrom_from_nm(vectors_nm)
            _refuse_narrow(cell, cutoff_angstrom=self._cutoff_angstrom)
        name = "Reference" if precision == "double" else "CPU"
        properties = {} if name == "Reference" else {"DeterministicForces": "true"}
        self._context = of_atoms(
            openmm.Context(
                system,
                openmm.VerletIntegrator(_UNUSED_TIMESTEP_PS),
                openmm.Platform.getPlatformByName(name),
                properties,
            )
        )

    def set_parameter(self, name: str, value: float) -> None:
        """Set a parameter of the Context, such as ``lambda_interpolate``."""
        self._context.setParameter(name, value)

    def evaluate(
        self,
        positions_angstrom: npt.NDArray[np.float64],
        *,
        cell_angstrom: npt.NDArray[np.float64] | None = None,
    ) -> tuple[float, npt.NDArray[np.float64]]:
        """Return energy, eV, and forces, (N, 3), eV/Å, of one geometry.

        ``cell_angstrom``: (3, 3), rows; None leaves the box unchanged.

        Raises:
            EvaluationRefusedError: OpenMM refuses the geometry, or the box is smaller than twice
                the cutoff: a segmentation fault where OpenMM does not notice.
        """
        try:
            if cell_angstrom is not None:
                _refuse_narrow(cell_angstrom, cutoff_angstrom=self._cutoff_angstrom)
                self._context.setPeriodicBoxVectors(*openmm_box_nm(cell_angstrom))
            self._context.setPositions(units.nm_from_angstrom(np.asarray(positions_angstrom)))
            state = self._context.getState(energy=True, forces=True)
        except openmm.OpenMMException as error:
            raise EvaluationRefusedError(one_line(error)) from error
        forces = np.array(state.getForces(asNumpy=True)._value)
        return (
            units.ev_from_kj_per_mol(float(state.getPotentialEnergy()._value)),
            units.ev_per_angstrom_from_kj_per_mol_nm(forces),
        )


class SystemPotential(Potential):
    """A potential that only OpenMM can evaluate, in a Context that is kept for the same atoms."""

    box_is_free = False
    _warmed = (*Potential._warmed, "_engine")
    _engine: tuple[tuple[object, ...], Engine] | None = None
    _always_in_double = False

    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> list[openmm.Force]:
        """Raise an error: the System has masses and constraints of its own."""
        raise PotentialError(
            f"{self.name} is a complete System and cannot be added to another one; use "
            "create_system, or for ML/MM name a force field with --forcefield"
        )

    def ase_calculator(
        self, *, precision: str = "mixed", device: str = "cpu"
    ) -> FunctionCalculator:
        """Return an ASE calculator that uses an OpenMM Context; the device is ignored.

        Bonds are those of the last molecule of these atoms that the potential was used for, or of
        the atoms as the calculator first received them.
        """
        check_precision(precision)
        made: dict[object, MolecularSystem] = {}

        def compute(atoms: Atoms) -> tuple[float, npt.NDArray[np.float64]]:
            boxed = is_periodic(atoms)
            key = (atoms.numbers.tobytes(), boxed, *state_of(atoms))
            if key not in made:
                made.clear()
                made[key] = molecule_of(atoms, bonds=self._bonds.get(atoms.numbers.tobytes()))
            molecule = made[key].with_cell(atoms.cell.array) if boxed else made[key]
            found = self.evaluate(molecule, atoms.positions[None], precision=precision)
            return float(found.energies_ev[0]), found.forces_ev_per_angstrom[0]

        return FunctionCalculator(compute)

    @cached_property
    def _bonds(self) -> dict[bytes, tuple[tuple[int, int], ...]]:
        """Bonds of the last molecule that was used, by atomic numbers."""
        return {}

    def evaluate(
        self, molecule: MolecularSystem, positions_angstrom: np.ndarray, *, precision: str = "mixed"
    ) -> Evaluation:
        """Evaluate geometries, (G, N, 3), Å, in one Context; constraints are not applied."""
        numbers, state = molecule.atomic_numbers.tobytes(), (molecule.charge, molecule.multiplicity)
        key = check_precision(precision), numbers, molecule.bonds, *state, molecule.is_periodic
        if self._engine is None or self._engine[0] != key:
            self._bonds[numbers] = molecule.bonds
            system = self.create_system(molecule, precision=precision)
            used = "double" if self._always_in_double else precision
            self._engine = key, Engine(system, precision=used)
        engine, cell = self._engine[1], molecule.cell_angstrom
        found = (engine.evaluate(placed, cell_angstrom=cell) for placed in positions_angstrom)
        return Evaluation.of(found, n_atoms=molecule.n_atoms)
