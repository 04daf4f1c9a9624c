"""A reporter that stops a run that has gone wrong and says when, where and why."""

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from openmm import app

from openmm_mlff.errors import MoleculeError, SimulationError
from openmm_mlff.molecules import MolecularSystem, covalent_bonds
from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.monitor import (
    DEFAULT_LIMITS,
    FEWEST_DEGREES_OF_FREEDOM,
    Instability,
    StabilityLimits,
    StabilityMonitor,
)
from openmm_mlff.reporters.quantities import (
    degrees_of_freedom,
    forces_ev_per_angstrom,
    kinetic_ev,
    positions_angstrom,
    potential_ev,
    temperature_kelvin,
    time_ps,
)


class UnstableError(SimulationError):
    """A run left what is physical.

    Args:
        message: what is wrong, where, and the limit, in one line.
        time_ps: when.
        step: the same, in steps.
        atoms: zero-based indices of the atoms concerned.

    Attributes:
        kind: ``unstable``, as failures of a run are recorded.
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


class StabilityReporter(IntervalReporter):
    """Raises :class:`UnstableError` as soon as a run has gone wrong.

    Wrong is: an energy, position or force that is not finite; two molecules that became one; and,
    by the default limits, a covalent bond outside 0.6 to 1.5 times its starting length, two
    unbonded atoms nearer than 0.6 times the sum of their covalent radii, a force of 100 eV/Å or
    more and, where the target is given, a temperature of ten times the target or more.

    Put it before other reporters: OpenMM's own trajectory reporters fail on coordinates that are
    not numbers, and their message says neither when nor where.

    Args:
        interval: steps between two looks.
        molecule: a :class:`~openmm_mlff.molecules.MolecularSystem` or an
            ``openmm.app.Topology``.  Of a topology only the elements are used; its bonds may be
            missing or a guess, so they are derived from covalent radii.
        positions_angstrom: the start, (N, 3), Å.  Left out: those of the molecule, or for a
            topology those of the Context when the run first asks for a report.
        temperature_kelvin: the target; None leaves the temperature alone.
        n_degrees_of_freedom: for the temperature; counted from the System when left out.
        limits: of bonds, contacts, forces and the temperature.

    Raises:
        MoleculeError: a particle of the topology has no element.
    """

    includes: ClassVar[tuple[str, ...]] = ("positions", "forces", "energy")

    def __init__(
        self,
        interval: int,
        molecule: MolecularSystem | app.Topology,
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
        self._monitor: StabilityMonitor | None = None
        if positions_angstrom is not None:
            self._monitor = self._started_from(positions_angstrom)
        self._target_kelvin = temperature_kelvin
        self._n_degrees_of_freedom = n_degrees_of_freedom

    def describeNextReport(self, simulation: Any) -> dict[str, Any]:  # noqa: N802
        """Tell OpenMM when the next look is due; the first call fixes the start."""
        if self._monitor is None:
            start = simulation.context.getState(positions=True)
            self._monitor = self._started_from(positions_angstrom(start))
        return super().describeNextReport(simulation)

    def report(self, simulation: Any, state: Any) -> None:
        """Look at one State.

        Args:
            simulation: the ``openmm.app.Simulation``.
            state: with positions, forces and energy.

        Raises:
            UnstableError: something is wrong.
        """
        if self._monitor is None:
            self._monitor = self._started_from(positions_angstrom(state))
        problem = (
            self._monitor.check_positions(positions_angstrom(state))
            or self._monitor.check_forces(forces_ev_per_angstrom(state))
            or _check_potential(potential_ev(state))
            or self._check_temperature(simulation, kinetic_energy_ev=kinetic_ev(state))
        )
        if problem is not None:
            time, step = time_ps(state), int(simulation.currentStep)
            raise UnstableError(
                f"at {time:.4f} ps (step {step}): {problem.message}",
                time_ps=time,
                step=step,
                atoms=problem.atoms,
            )

    def _check_temperature(
        self, simulation: Any, *, kinetic_energy_ev: float
    ) -> Instability | None:
        if not np.isfinite(kinetic_energy_ev):
            return Instability("kinetic energy is not a number")
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

    def _started_from(self, start_angstrom: npt.ArrayLike) -> StabilityMonitor:
        bonds = self._bonds
        if bonds is None:
            bonds = covalent_bonds(self._numbers, start_angstrom)
        return StabilityMonitor(
            self._numbers,
            positions_angstrom=start_angstrom,
            bonds=bonds,
            cell_angstrom=self._cell_angstrom,
            limits=self._limits,
        )


def _check_potential(potential_energy_ev: float) -> Instability | None:
    if np.isfinite(potential_energy_ev):
        return None
    return Instability("potential energy is not a number")


def _atomic_numbers(molecule: MolecularSystem | app.Topology) -> npt.NDArray[np.int64]:
    if isinstance(molecule, MolecularSystem):
        return molecule.atomic_numbers
    atoms = list(molecule.atoms())
    for atom in atoms:
        if atom.element is None:
            raise MoleculeError(
                f"particle {atom.index} ({atom.name}) of the topology has no element; "
                "expected atoms only"
            )
    return np.array([atom.element.atomic_number for atom in atoms], dtype=np.int64)
