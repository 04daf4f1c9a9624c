"""The ways to evaluate and run a potential: OpenMM's platforms, ASE, exported programs, ML/MM."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np
import openmm

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.measuring.evaluation import Points, evaluate_in_openmm, evaluate_points
from openmm_mlff.measuring.experiments import StartPoint
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials import Evaluation, Potential
from openmm_mlff.potentials.engine import Engine
from openmm_mlff.reporters.quantities import masses_amu, positions_angstrom
from openmm_mlff.simulation.ase_path import velocity_verlet_positions
from openmm_mlff.simulation.blocks import STEPS
from openmm_mlff.simulation.nve import thermal_velocities
from openmm_mlff.simulation.platforms import PlatformChoice, usable_platforms

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject
    from openmm_mlff.potentials.mixed import MixedPotential
    from openmm_mlff.potentials.student import StudentPotential

OTHER_SIZES = ("water", "methane")
"""Molecules on which a program for any composition is tried besides the subject's own."""

LAMBDAS = {"lambda_0": 0.0, "lambda_half": 0.5, "lambda_1": 1.0}

ORDERS = ((0, 1, 0), (1, 0, 1))
"""Which of the two geometries each call evaluates, for each new instance."""

DIRECT = "called directly"

STRETCHES = (2.0, 1.5, 1.2)
"""All distances of a molecule are multiplied by the first of these that the potential accepts.

At twice its length a bond still lies within every cutoff, and pairs farther apart leave it.
"""

DISPLACEMENT_ANGSTROM = 0.2
"""Standard deviation by which atoms in a box are displaced instead: a box is not stretched."""


@dataclass(frozen=True)
class OpenMMPath(Evaluation):
    """Energies and forces on one platform, in one precision and backend.

    The backend is empty for the one requested; `single_precision` is whether the platform rounds
    positions or forces to float32.
    """

    platform: str
    precision: str
    backend: str
    single_precision: bool


@dataclass(frozen=True)
class History(Evaluation):
    """Energies (orders, calls) and forces (orders, calls, N, 3), eV/Å, of new instances.

    The path is :data:`DIRECT`, or the name of a platform.
    """

    path: str
    on_gpu: bool


@dataclass(frozen=True)
class Export:
    """An exported program: one geometry (N, 3) in Å to energy in eV and forces (N, 3) in eV/Å."""

    name: str
    molecule: MolecularSystem
    call: Callable[[np.ndarray], tuple[float, np.ndarray]]


class Paths:
    """The other ways to evaluate and run the potential of a subject."""

    def __init__(self, subject: "Subject") -> None:
        self._subject = subject

    def in_openmm(
        self, placed_angstrom: np.ndarray, *, cells_angstrom: np.ndarray | None = None
    ) -> Evaluation:
        """Evaluate geometries (G, N, 3), Å, in one Context, in boxes (G, 3, 3), Å, if given."""
        return evaluate_in_openmm(
            self._subject.create_system(),
            self._subject.molecule,
            placed_angstrom,
            platform=self._subject.platform,
            cells_angstrom=cells_angstrom,
        )

    def by(self, potential: Potential, placed_angstrom: np.ndarray) -> Points:
        """Evaluate geometries (..., N, 3), Å, by another potential."""
        molecule, precision = self._subject.molecule, self._subject.precision
        return evaluate_points(potential, molecule, placed_angstrom, precision=precision)

    def through_ase(self, placed_angstrom: np.ndarray) -> Points:
        """Evaluate geometries (G, N, 3), Å, through ASE, by the model's own calculator if named."""
        molecule, precision = self._subject.molecule, self._subject.precision
        potential = self._subject.potential.own or self._subject.potential
        return evaluate_points(
            potential, molecule, placed_angstrom, precision=precision, through_ase=True
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
                path = OpenMMPath(
                    **vars(points),
                    platform=platform.name,
                    precision=platform.precision,
                    backend=backend,
                    single_precision=platform.hands_over_single or rounds,
                )
                found.append(path)
        return found

    def histories(self, placed_angstrom: np.ndarray) -> tuple[np.ndarray, list[History]]:
        """Evaluate a geometry (N, 3), Å, and one far from it, in several orders by new instances.

        Returns:
            The orders, (orders, calls), and the histories, directly and on every platform, of which
            each has one precision, that of the run where there are several.  There are none where
            the potential refuses every geometry far from this one.
        """
        for far in self._far_from(placed_angstrom):
            pair = np.stack([placed_angstrom, far])
            try:
                direct = self._history(pair, None)
                if np.isfinite(direct.energies_ev).all():
                    others = [self._history(pair, each) for each in self._platforms()]
                    return np.array(ORDERS), [direct, *others]
            except (EvaluationRefusedError, openmm.OpenMMException):
                # OpenMM passes a refusal on as an exception of its own.
                continue
        return np.array(ORDERS), []

    def _far_from(self, placed_angstrom: np.ndarray) -> list[np.ndarray]:
        """Return geometries (N, 3), Å, far from another, the farthest first."""
        if self._subject.molecule.is_periodic:
            rng = np.random.default_rng(self._subject.seed)
            shape = placed_angstrom.shape
            return [placed_angstrom + rng.normal(scale=DISPLACEMENT_ANGSTROM, size=shape)]
        centre = placed_angstrom.mean(axis=0)
        return [centre + factor * (placed_angstrom - centre) for factor in STRETCHES]

    def _platforms(self) -> list[PlatformChoice]:
        subject, chosen = self._subject, {}
        placed = subject.molecule.positions_angstrom
        for choice in usable_platforms(subject.create_system(), placed):
            if choice.precision == subject.precision or choice.name not in chosen:
                chosen[choice.name] = choice
        return list(chosen.values())

    def _history(self, pair_angstrom: np.ndarray, platform: PlatformChoice | None) -> History:
        """Evaluate in each order, by new instances without a warm-up."""
        molecule, precision = self._subject.molecule, self._subject.precision
        found = []
        for order in ORDERS:
            fresh, placed = self._subject.potential.fresh(), pair_angstrom[list(order)]
            if platform is None:
                found.append(fresh.evaluate(molecule, placed, precision=precision))
            else:
                system = fresh.create_system(molecule, precision=precision)
                found.append(evaluate_in_openmm(system, None, placed, platform=platform))
        return History(
            path=DIRECT if platform is None else platform.name,
            on_gpu=platform is not None and platform.on_gpu,
            energies_ev=np.stack([each.energies_ev for each in found]),
            forces_ev_per_angstrom=np.stack([each.forces_ev_per_angstrom for each in found]),
        )

    def run_both(
        self, *, temperature_kelvin: float, timestep_fs: float, steps: int
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """Run OpenMM's ``VerletIntegrator`` and ASE's ``VelocityVerlet`` from the same start.

        Returns:
            Positions after each step, (steps, N, 3), Å, by OpenMM and by ASE; None where the System
            has constraints, which ASE's integrator does not apply.
        """
        subject, molecule = self._subject, self._subject.molecule
        system, potential = subject.create_system(), subject.potential
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
        STEPS.taken += steps
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
        for each in (molecule, *self._another_size()):
            call = partial(call_free, free, each.atomic_numbers)
            found.append(Export(f"{each.name} (any composition)", each, call))
        return found

    def _another_size(self) -> list[MolecularSystem]:
        """Return a molecule of another size that the potential supports, if there is one."""
        known, n_atoms = self._subject.potential.elements, self._subject.molecule.n_atoms
        return [
            other
            for other in map(load_system, OTHER_SIZES)
            if other.n_atoms != n_atoms
            and (known is None or set(other.atomic_numbers.tolist()) <= known)
        ][:1]

    def mixing(self, placed_angstrom: np.ndarray) -> tuple[int, Mapping[str, Evaluation]]:
        """Evaluate geometries (G, N, 3), Å, of an ML/MM system in several ways.

        Returns:
            The number of ML atoms; and the force field alone (``mm``), the mixed System
            (``mixed``), the sum of its parts, E_MM(all) − E_MM(ML part alone) + E_ML(ML part),
            (``sum``), and the interpolated System (``lambda_0``, ``lambda_half``, ``lambda_1``),
            unless openmm-ml cannot interpolate this force field.
        """
        from openmm_mlff.potentials.openmmml.impl import INTERPOLATION

        molecule = self._subject.molecule
        potential = cast("MixedPotential", self._subject.potential)
        atoms, links = potential.ml_atoms, potential.links
        part = np.concatenate([placed_angstrom[:, atoms], links.positions(placed_angstrom)], axis=1)
        mm = _in_own_box(potential.mm_system(molecule), placed_angstrom)
        inside = _in_own_box(potential.mm_system_of_part(molecule), placed_angstrom)
        evaluate_part = potential.ml_potential.evaluate
        learned = evaluate_part(potential.ml_part(molecule), part, precision="double")
        forces = mm.forces_ev_per_angstrom - inside.forces_ev_per_angstrom
        on_part = learned.forces_ev_per_angstrom
        forces[:, atoms] += on_part[:, : len(atoms)]
        forces += links.spread(on_part[:, len(atoms) :], positions_angstrom=placed_angstrom)
        mixed = potential.create_system(molecule, precision="double")
        found = {
            "mm": mm,
            "mixed": _in_own_box(mixed, placed_angstrom),
            "sum": Evaluation(mm.energies_ev - inside.energies_ev + learned.energies_ev, forces),
        }
        if potential.interpolates(molecule):
            between = potential.create_system(molecule, precision="double", interpolate=True)
            for name, value in LAMBDAS.items():
                found[name] = _in_own_box(between, placed_angstrom, **{INTERPOLATION: value})
        return len(atoms), found


def _in_own_box(
    system: openmm.System, placed_angstrom: np.ndarray, **parameters: float
) -> Evaluation:
    """Evaluate geometries (G, N, 3), Å, in the System's own box."""
    engine = Engine(system, precision="double")
    for name, value in parameters.items():
        engine.set_parameter(name, value)
    found = map(engine.evaluate, placed_angstrom)
    return Evaluation.of(found, n_atoms=system.getNumParticles())
