"""The ways to evaluate and run a potential: OpenMM's platforms, ASE, exported programs, ML/MM."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from openmm_mlff.measuring.evaluation import Points, evaluate_in_openmm, evaluate_points
from openmm_mlff.measuring.experiments import StartPoint
from openmm_mlff.measuring.history import ORDERS, History, histories
from openmm_mlff.measuring.mixing import evaluate_mixing
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials import Evaluation, Potential
from openmm_mlff.reporters.quantities import masses_amu, positions_angstrom
from openmm_mlff.simulation.ase_path import velocity_verlet_positions
from openmm_mlff.simulation.nve import thermal_velocities
from openmm_mlff.simulation.platforms import usable_platforms

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject
    from openmm_mlff.potentials.mixed import MixedPotential
    from openmm_mlff.potentials.student import StudentPotential

OTHER_SIZES = ("water", "methane")
"""Molecules on which a program for any composition is tried besides the subject's own."""


@dataclass(frozen=True)
class OpenMMPath:
    """Energies (G,) and forces (G, N, 3), eV/Å, on one platform, in one precision and backend.

    The backend is empty for the one requested; `single_precision` is whether the platform rounds
    positions or forces to float32.
    """

    platform: str
    precision: str
    backend: str
    single_precision: bool
    energies_ev: np.ndarray
    forces: np.ndarray


@dataclass(frozen=True)
class Export:
    """An exported program: one geometry (N, 3) in Å to energy in eV and forces (N, 3) in eV/Å."""

    name: str
    molecule: MolecularSystem
    call: Callable[[np.ndarray], tuple[float, np.ndarray]]


class _ThroughAse:
    """A potential without its own batched call, which is not what an ASE user runs."""

    def __init__(self, potential: Potential) -> None:
        self._potential = potential
        self.spec = potential.spec

    def evaluate(
        self, molecule: MolecularSystem, placed_angstrom: np.ndarray, *, precision: str
    ) -> Evaluation:
        return Potential.evaluate(self._potential, molecule, placed_angstrom, precision=precision)


class Paths:
    """The other ways to evaluate and run the potential of a subject."""

    def __init__(self, subject: "Subject") -> None:
        self._subject = subject

    def in_openmm(self, placed_angstrom: np.ndarray) -> Evaluation:
        """Evaluate geometries (G, N, 3), Å, in one Context on the platform of the run."""
        subject = self._subject
        return evaluate_in_openmm(
            subject.create_system(), subject.molecule, placed_angstrom, platform=subject.platform
        )

    def histories(self, placed_angstrom: np.ndarray) -> tuple[np.ndarray, list[History]]:
        """Return the orders, (orders, calls), and :func:`histories` of a geometry (N, 3), Å."""
        return np.array(ORDERS), histories(self._subject, placed_angstrom)

    def through_ase(self, placed_angstrom: np.ndarray) -> Points:
        """Evaluate geometries (G, N, 3), Å, through ASE, by the model's own calculator if named."""
        subject = self._subject
        potential = cast("Potential", _ThroughAse(subject.potential.own or subject.potential))
        return evaluate_points(
            potential, subject.molecule, placed_angstrom, precision=subject.precision
        )

    def everywhere_in_openmm(self, placed_angstrom: np.ndarray) -> list[OpenMMPath]:
        """Evaluate geometries (G, N, 3), Å, on every platform, in each precision and backend."""
        subject, molecule = self._subject, self._subject.molecule
        backends = {"": subject.potential, **subject.potential.other_backends()}
        found = []
        for backend, potential in backends.items():
            system = potential.create_system(molecule, precision=subject.precision)
            for platform in usable_platforms(system, molecule.positions_angstrom):
                points = evaluate_in_openmm(system, molecule, placed_angstrom, platform=platform)
                rounds = potential.has_force_field and platform.precision != "double"
                found.append(
                    OpenMMPath(
                        platform.name,
                        platform.precision,
                        backend,
                        single_precision=platform.hands_over_single or rounds,
                        energies_ev=points.energies_ev,
                        forces=points.forces_ev_per_angstrom,
                    )
                )
        return found

    def run_both(
        self, *, temperature_kelvin: float, timestep_fs: float, steps: int
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Run OpenMM's ``VerletIntegrator`` and ASE's ``VelocityVerlet`` from the same start.

        Returns:
            Positions after each step, (steps, N, 3), Å, by OpenMM and by ASE; None where the System
            has constraints, which ASE's integrator does not apply.
        """
        subject = self._subject
        molecule, potential = subject.molecule, subject.potential
        system = subject.create_system()
        if system.getNumConstraints():
            return None
        # A force field may bring masses of its own; else a System with other masses is at fault.
        masses = masses_amu(system) if potential.has_force_field else molecule.masses_amu
        velocities = thermal_velocities(
            masses, temperature_kelvin=temperature_kelvin, seed=subject.seed
        )
        start = StartPoint(system, molecule.positions_angstrom, velocities)
        simulation = subject.experiments.simulation_from(start, timestep_fs=timestep_fs)
        in_openmm = np.empty((steps, molecule.n_atoms, 3))
        for step in range(steps):
            simulation.integrator.step(1)
            in_openmm[step] = positions_angstrom(simulation.context.getState(positions=True))
        in_ase = velocity_verlet_positions(
            molecule,
            (potential.own or potential).shared_calculator(precision=subject.precision),
            velocities_angstrom_per_ps=velocities,
            timestep_fs=timestep_fs,
            steps=steps,
            masses_amu=masses,
        )
        return in_openmm, in_ase

    def exports(self) -> list[Export]:
        """Export the model for this molecule and, where there is no box, for any composition.

        The second is called on this molecule and on one of another size, to detect a size that is
        fixed in the export.
        """
        from openmm_mlff.potentials.export import call_fixed, call_free

        subject, molecule = self._subject, self._subject.molecule
        potential = cast("StudentPotential", subject.potential)
        fixed = potential.script(molecule, precision=subject.precision)
        call = partial(call_fixed, fixed, cell_angstrom=molecule.cell_angstrom)
        found = [Export(molecule.name, molecule, call)]
        if molecule.is_periodic:
            return found
        free = potential.script_free(precision=subject.precision)
        for each in filter(None, (molecule, self._another_size())):
            call = partial(call_free, free, each.atomic_numbers)
            found.append(Export(f"{each.name} (any composition)", each, call))
        return found

    def _another_size(self) -> MolecularSystem | None:
        """Return a molecule of another size that the potential knows."""
        known = self._subject.potential.elements
        for other in map(load_system, OTHER_SIZES):
            fits = known is None or set(other.atomic_numbers.tolist()) <= known
            if fits and other.n_atoms != self._subject.molecule.n_atoms:
                return other
        return None

    def mixing(self, placed_angstrom: np.ndarray) -> tuple[int, Mapping[str, Evaluation]]:
        """Return the number of ML atoms, and :func:`evaluate_mixing` of geometries (G, N, 3), Å."""
        potential = cast("MixedPotential", self._subject.potential)
        found = evaluate_mixing(potential, self._subject.molecule, placed_angstrom)
        return len(potential.ml_atoms), found
