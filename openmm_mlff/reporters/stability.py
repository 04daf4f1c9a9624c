"""A reporter that stops an unstable run."""

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
from openmm import app

from openmm_mlff.errors import MoleculeError, SimulationError
from openmm_mlff.molecules import MolecularSystem, covalent_bonds
from openmm_mlff.molecules.objects import described, packages_of
from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.monitor import (
    DEFAULT_LIMITS,
    FEWEST_DEGREES_OF_FREEDOM,
    Instability,
    StabilityLimits,
    StabilityMonitor,
)
from openmm_mlff.reporters.quantities import (
    box_angstrom,
    degrees_of_freedom,
    forces_ev_per_angstrom,
    kinetic_ev,
    positions_angstrom,
    potential_ev,
    temperature_kelvin,
    time_ps,
)

if TYPE_CHECKING:
    from ase import Atoms


class UnstableError(SimulationError):
    """A simulation became unphysical.

    Args:
        message: one line with atoms and limit.
        time_ps: of the failure.
        step: of the failure.
        atoms: zero-based indices of the atoms concerned.

    Attributes:
        kind: ``unstable``, as in the record of a failed run.
    """

    kind: ClassVar[str] = "unstable"

    def __init__(
        self, message: str, *, time_ps: float, step: int, atoms: tuple[int, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.time_ps = time_ps
        self.step = step
        self.atoms = atoms

    @classmethod
    def at(
        cls, reason: str, *, time_ps: float, step: int, atoms: tuple[int, ...]
    ) -> "UnstableError":
        """Return the error for what was found in one State."""
        message = f"at {time_ps:.4f} ps (step {step}): {reason}"
        return cls(message, time_ps=time_ps, step=step, atoms=atoms)

    @classmethod
    def lost(
        cls,
        lost: npt.NDArray[np.bool_],
        *,
        time_ps: float,
        step: int,
        error: Exception | None = None,
    ) -> "UnstableError":
        """Return the error for atoms whose coordinates are not finite, marked in `lost`, (N,).

        `error` is that of OpenMM, if it noticed.
        """
        atoms = tuple(int(atom) for atom in np.flatnonzero(lost))
        reason = f"coordinates of {len(atoms)} atoms are not finite"
        if error is not None:
            reason += f" (OpenMM: {str(error).partition('For more information')[0].strip()})"
        return cls.at(reason, time_ps=time_ps, step=step, atoms=atoms)


class StabilityReporter(IntervalReporter):
    """Raises :class:`UnstableError` as soon as a run is unstable.

    Criteria: an energy, position or force that is not finite; two molecules that join; and, by
    default, a covalent bond outside 0.6 to 1.5 times its initial length, two nonbonded atoms closer
    than 0.6 times the sum of their covalent radii, a force of 100 eV/Å or more and, if the target
    is given, a temperature of ten times the target or more.

    Put it before other reporters: OpenMM's trajectory reporters fail on NaN coordinates without
    stating time and atoms.

    Args:
        interval: steps between two checks.
        molecule: a :class:`~openmm_mlff.molecules.MolecularSystem`, an ``openmm.app.Topology`` or
            an ``ase.Atoms``. Only the elements of a topology are used: its bonds may be missing or
            guessed and are derived from covalent radii instead, and particles without an element
            (virtual sites, Drude particles) are left out.
        positions_angstrom: initial, (N, 3), Å; by default those of the molecule or, for a topology,
            of the Context at the first report.
        temperature_kelvin: target; None skips the temperature.
        n_degrees_of_freedom: for the temperature; by default counted from the System.
        limits: of bonds, contacts, forces and temperature.

    Raises:
        MoleculeError: `molecule` is of another type, or has no atoms.
    """

    includes: ClassVar[tuple[str, ...]] = ("positions", "forces", "energy")

    def __init__(
        self,
        interval: int,
        molecule: "MolecularSystem | app.Topology | Atoms",
        *,
        positions_angstrom: npt.ArrayLike | None = None,
        temperature_kelvin: float | None = None,
        n_degrees_of_freedom: int | None = None,
        limits: StabilityLimits = DEFAULT_LIMITS,
    ) -> None:
        super().__init__(interval)
        self._limits = limits
        self._numbers = _atomic_numbers(molecule)
        self._bonds: tuple[tuple[int, int], ...] | None = None
        self._cell_angstrom: npt.NDArray[np.float64] | None = None
        if isinstance(molecule, MolecularSystem):
            self._bonds, self._cell_angstrom = molecule.bonds, molecule.cell_angstrom
            if positions_angstrom is None:
                positions_angstrom = molecule.positions_angstrom
        elif not isinstance(molecule, app.Topology):
            self._cell_angstrom = np.array(molecule.cell) if molecule.pbc.all() else None
            if positions_angstrom is None:
                positions_angstrom = molecule.positions
        self._monitor: StabilityMonitor | None = None
        if positions_angstrom is not None:
            self._begin(positions_angstrom)
        self._target_kelvin = temperature_kelvin
        self._n_degrees_of_freedom = n_degrees_of_freedom

    def describeNextReport(self, simulation: Any) -> dict[str, Any]:  # noqa: N802
        """Return when the next check is due; the first call stores the initial positions."""
        if self._monitor is None:
            self._begin(positions_angstrom(simulation.context.getState(positions=True)))
        return super().describeNextReport(simulation)

    def report(self, simulation: Any, state: Any) -> None:
        """Check positions, forces and energies of one State.

        Raises:
            UnstableError: a criterion is violated.
        """
        positions = positions_angstrom(state)
        monitor = self._monitor or self._begin(positions)
        # A barostat changes the box.
        cell = None if self._cell_angstrom is None else box_angstrom(state)
        problem = (
            monitor.check_positions(positions, cell_angstrom=cell)
            or monitor.check_forces(forces_ev_per_angstrom(state))
            or self._check_energies(simulation, potential_ev(state), kinetic_ev(state))
        )
        if problem is not None:
            step = int(simulation.currentStep)
            unstable = UnstableError.at(
                problem.message, time_ps=time_ps(state), step=step, atoms=problem.atoms
            )
            raise unstable

    def _check_energies(
        self, simulation: Any, potential_energy_ev: float, kinetic_energy_ev: float
    ) -> Instability | None:
        if not np.isfinite(potential_energy_ev):
            return Instability("potential energy is not finite")
        if not np.isfinite(kinetic_energy_ev):
            return Instability("kinetic energy is not finite")
        if self._target_kelvin is None:
            return None
        if self._n_degrees_of_freedom is None:
            self._n_degrees_of_freedom = degrees_of_freedom(simulation.system)
        count = max(self._n_degrees_of_freedom, FEWEST_DEGREES_OF_FREEDOM)
        temperature = temperature_kelvin(kinetic_energy_ev, n_degrees_of_freedom=count)
        limit = self._limits.temperature_factor * self._target_kelvin
        if temperature < limit:
            return None
        return Instability(f"temperature is {temperature:.4g} K; expected less than {limit:g} K")

    def _begin(self, start_angstrom: npt.ArrayLike) -> StabilityMonitor:
        bonds = self._bonds
        if bonds is None:
            atoms = np.flatnonzero(self._numbers)
            placed = np.asarray(start_angstrom, dtype=np.float64)[atoms]
            found = covalent_bonds(self._numbers[atoms], placed)
            bonds = tuple((int(atoms[i]), int(atoms[j])) for i, j in found)
        self._monitor = StabilityMonitor(
            self._numbers,
            positions_angstrom=start_angstrom,
            bonds=bonds,
            cell_angstrom=self._cell_angstrom,
            limits=self._limits,
        )
        return self._monitor


def _atomic_numbers(molecule: "MolecularSystem | app.Topology | Atoms") -> npt.NDArray[np.int64]:
    """Return atomic numbers, (N,), 0 for particles of a topology that are not atoms."""
    if isinstance(molecule, MolecularSystem):
        return molecule.atomic_numbers
    if isinstance(molecule, app.Topology):
        elements = [atom.element for atom in molecule.atoms()]
        numbers = [0 if element is None else element.atomic_number for element in elements]
    elif "ase" in packages_of(molecule) and hasattr(molecule, "numbers"):
        numbers = list(molecule.numbers)
    else:
        raise MoleculeError(
            f"{described(molecule)} is not a molecule; expected a MolecularSystem "
            "(openmm_mlff.load_system), an openmm.app.Topology or an ase.Atoms"
        )
    if not any(numbers):
        raise MoleculeError("no particle of the topology has an element; expected atoms")
    return np.array(numbers, dtype=np.int64)
