"""Short NVE runs from points of the Langevin samples, which together have the temperature."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from openmm import app

from openmm_mlff.measuring.frames import spaced
from openmm_mlff.measuring.stage_names import short_runs_stage
from openmm_mlff.reporters import StabilityReporter, UnstableError
from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.quantities import (
    kinetic_ev,
    masses_amu,
    positions_angstrom,
    temperature_kelvin,
)
from openmm_mlff.simulation.blocks import step_watched
from openmm_mlff.simulation.constraints import verlet_integrator
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.nve import (
    nve_degrees_of_freedom,
    removable_rotations,
    set_start_velocities,
    without_rigid_motion,
)
from openmm_mlff.simulation.replicas import CopiesReporter, can_be_batched, make_copies
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.shared import Ensemble
from openmm_mlff.units import fs_from_ps, nm_from_angstrom, ps_from_fs

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

FEWEST_ROWS = 20
"""Kinetic energies of a run, at least, where it has as many steps."""


class Recorder(IntervalReporter):
    """Keeps kinetic energies, eV, and positions (N, 3), Å, of one run, by report."""

    includes: ClassVar[tuple[str, ...]] = ("positions", "energy")

    def __init__(self, interval: int) -> None:
        super().__init__(interval)
        self.kinetic_ev: list[float] = []
        self.positions_angstrom: list[np.ndarray] = []

    def report(self, simulation: Any, state: Any) -> None:
        """Keep one State."""
        self.kinetic_ev.append(kinetic_ev(state))
        self.positions_angstrom.append(positions_angstrom(state))


def measure_ensemble(subject: "Subject") -> Ensemble | NotApplicable | Skipped:
    """Run at constant energy from evenly spaced points of the Langevin samples.

    An NVE run keeps the energy of its start.  The mean kinetic temperature of one run of a harmonic
    molecule with f vibrational degrees of freedom has the relative standard deviation 1/√f, so that
    n = 1/(ε² f) runs have a mean temperature known to ε, which the protocol states.  Translation
    and, of isolated molecules, rotation are removed, with the energy of their degrees of freedom.
    Where a run broke, only those before it are returned.
    """
    spec = subject.spec
    starts = subject.experiments.langevin_starts(spec.ensemble_runs)
    if not starts:
        return Skipped(subject.samples.failure or "the Langevin run has too few samples")
    system = starts[0].system
    rotations = removable_rotations(system, minimum_angstrom=subject.molecule.positions_angstrom)
    freedom = nve_degrees_of_freedom(system, rotations=rotations)
    if freedom == 0:
        return NotApplicable("no atom can move relative to another, so there is no temperature")
    count = min(math.ceil(1.0 / (spec.ensemble_error**2 * freedom)), len(starts))
    chosen = [starts[index] for index in spaced(len(starts), count)]
    positions = np.stack([start.positions_angstrom for start in chosen])
    velocities = np.stack(
        [
            without_rigid_motion(
                start.velocities_angstrom_per_ps,
                positions_angstrom=start.positions_angstrom,
                masses_amu=masses_amu(system),
                rotations=rotations,
            )
            for start in chosen
        ]
    )
    runner = _Runner(subject, freedom=freedom, count=count)
    recorders, failure = runner.run(system, positions, velocities)
    return runner.record(recorders, failure)


class _Runner:
    """Runs short simulations, as one batch where the potential can be batched."""

    def __init__(self, subject: "Subject", *, freedom: int, count: int) -> None:
        self._subject = subject
        self._freedom = freedom
        self._count = count
        steps = max(1, round(fs_from_ps(subject.spec.ensemble_ps) / subject.timestep_fs))
        self._interval = max(1, min(subject.dynamics.energy_interval_steps, steps // FEWEST_ROWS))
        self._rows = steps // self._interval

    def run(
        self, system: Any, positions_angstrom: np.ndarray, velocities_angstrom_per_ps: np.ndarray
    ) -> tuple[list[Recorder], UnstableError | None]:
        """Run the System of one molecule from n starts, (n, N, 3) each.

        Returns:
            Records of complete runs, and why one is not.
        """
        subject = self._subject
        if can_be_batched(subject.potential, subject.molecule):
            copies = make_copies(
                subject.potential, subject.molecule, self._count, precision=subject.precision
            )
            if copies.energies_ev is not None:
                pairs = [self._reporters() for _ in range(self._count)]
                reporter = CopiesReporter(
                    self._interval,
                    copies.single,
                    energies_ev=copies.energies_ev,
                    timestep_fs=subject.timestep_fs,
                    reporters=pairs,
                )
                simulation = self._simulation(copies.system, positions_angstrom)
                failure = self._step(
                    simulation, (reporter,), positions_angstrom, velocities_angstrom_per_ps
                )
                return ([] if failure else [recorder for _, recorder in pairs]), failure
        recorders: list[Recorder] = []
        simulation = self._simulation(system, positions_angstrom[0])
        for placed, moving in zip(positions_angstrom, velocities_angstrom_per_ps, strict=True):
            reporters = self._reporters()
            failure = self._step(
                simulation, reporters, placed[None], moving[None], done=len(recorders)
            )
            if failure is not None:
                return recorders, failure
            recorders.append(reporters[1])
        return recorders, None

    def record(self, recorders: list[Recorder], failure: UnstableError | None) -> Ensemble:
        """Return what is stored."""
        subject, spec, freedom = self._subject, self._subject.spec, self._freedom
        wanted = math.ceil(max(spec.reference_frames, spec.thermal_frames) / self._count)
        frames = spaced(self._rows, wanted)
        n_atoms = subject.molecule.n_atoms
        positions = np.array([np.stack(one.positions_angstrom)[frames] for one in recorders])
        means_ev = [float(np.mean(one.kinetic_ev)) for one in recorders]
        interval_ps = ps_from_fs(self._interval * subject.timestep_fs)
        return Ensemble(
            temperatures_kelvin=np.array(
                [temperature_kelvin(mean_ev, n_degrees_of_freedom=freedom) for mean_ev in means_ev]
            ),
            positions_angstrom=positions.reshape(len(recorders), len(frames), n_atoms, 3),
            frame_time_ps=interval_ps * (frames + 1.0),
            degrees_of_freedom=freedom,
            temperature_kelvin=subject.temperature_kelvin,
            timestep_fs=subject.timestep_fs,
            duration_ps=interval_ps * self._rows,
            failure="" if failure is None else failure.message,
            failure_ps=math.nan if failure is None else failure.time_ps,
            # OpenMM numbers the atoms of a batch from copy to copy.
            failure_atoms=() if failure is None else tuple(i % n_atoms for i in failure.atoms),
        )

    def _simulation(self, system: Any, positions_angstrom: np.ndarray) -> app.Simulation:
        return make_simulation(
            system,
            self._subject.molecule,
            verlet_integrator(self._subject.timestep_fs),
            platform=self._subject.platform,
            positions_angstrom=positions_angstrom.reshape(-1, 3),
        )

    def _reporters(self) -> tuple[StabilityReporter, Recorder]:
        subject = self._subject
        watch = StabilityReporter(
            self._interval,
            subject.molecule,
            temperature_kelvin=subject.temperature_kelvin,
            n_degrees_of_freedom=self._freedom,
            limits=subject.stability_limits,
        )
        return watch, Recorder(self._interval)

    def _step(
        self,
        simulation: app.Simulation,
        reporters: Sequence[IntervalReporter],
        positions_angstrom: np.ndarray,
        velocities_angstrom_per_ps: np.ndarray,
        *,
        done: int = 0,
    ) -> UnstableError | None:
        """Run from n starts together, (n, N, 3) each, after others that are done."""
        simulation.reporters[:] = reporters
        simulation.context.setPositions(nm_from_angstrom(positions_angstrom.reshape(-1, 3)))
        set_start_velocities(simulation, velocities_angstrom_per_ps.reshape(-1, 3))
        simulation.context.setTime(0.0)
        simulation.currentStep = 0
        report = self._subject.progress(
            short_runs_stage(count=self._count, timestep_fs=self._subject.timestep_fs)
        )
        total = self._count * self._rows * self._interval
        for row in range(1, self._rows + 1):
            try:
                step_watched(simulation, self._interval)
            except UnstableError as error:
                return error
            report((done * self._rows + len(positions_angstrom) * row) * self._interval, total)
        return None
