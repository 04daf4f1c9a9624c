"""Short simulations for single checks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import openmm
from openmm import app

from openmm_mlff.measuring.thermostats import Thermostats
from openmm_mlff.potentials import Potential
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import (
    degrees_of_freedom,
    kinetic_ev,
    masses_amu,
    positions_angstrom,
    potential_ev,
    velocities_angstrom_per_ps,
)
from openmm_mlff.simulation.blocks import step_watched
from openmm_mlff.simulation.checkpoint import STATE_FILE, load_state
from openmm_mlff.simulation.constraints import constrained_pairs, verlet_integrator
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.langevin import sample_langevin
from openmm_mlff.simulation.nve import half_kick_angstrom_per_ps, set_start_velocities
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import nm_from_angstrom

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

SAMPLING_TIMESTEP_FS = 1.0
SAMPLING_FRICTION_PER_PS = 10.0
SAMPLING_EQUILIBRATION_PS = 0.5
SAMPLING_INTERVAL_STEPS = 10


@dataclass(frozen=True)
class StartPoint:
    """Positions (N, 3), Å, and velocities (N, 3), Å/ps, at the same time, of a System."""

    system: openmm.System
    positions_angstrom: np.ndarray
    velocities_angstrom_per_ps: np.ndarray


class Experiments:
    """Simulations of a subject, from the end of its first simulation that ran to its end."""

    def __init__(self, subject: "Subject") -> None:
        self._subject = subject

    @property
    def thermostats(self) -> Thermostats:
        """Runs under other thermostats than that of the shared samples."""
        return Thermostats(self._subject)

    def start(self) -> StartPoint | None:
        """Return the last state of a simulation; None where no simulation ran to its end.

        The velocities of leapfrog lie half a step back: v(t) = v(t − dt/2) + (dt/2) F(t)/m, with
        the timestep of that simulation.
        """
        subject = self._subject
        for run in subject.runs.runs:
            folder = subject.folder / run.name
            if run.survived and (folder / STATE_FILE).is_file():
                system = subject.create_system()
                simulation = self._verlet(system, timestep_fs=run.condition.timestep_fs)
                load_state(simulation, folder)
                state = simulation.context.getState(positions=True, velocities=True)
                kick = half_kick_angstrom_per_ps(simulation.context)
                velocities = velocities_angstrom_per_ps(state) + kick
                return StartPoint(system, positions_angstrom(state), velocities)
        return None

    def langevin_starts(self, most: int) -> list[StartPoint]:
        """Return at most `most` points of the Langevin samples, evenly spaced, the last among them.

        There are none where the Langevin run broke.
        """
        samples = self._subject.samples
        if samples.failure:
            return []
        system = self._subject.create_system()
        last = len(samples.time_ps) - 1
        chosen = np.unique(np.linspace(0, last, most + 1).round().astype(int))[1:]
        placed, moving = samples.positions_angstrom, samples.velocities_angstrom_per_ps
        return [StartPoint(system, placed[index], moving[index]) for index in chosen]

    def run_nve(
        self, start: StartPoint, *, timestep_fs: float, rows: int, interval_steps: int
    ) -> tuple[np.ndarray, str]:
        """Return potential and kinetic energies of a run at constant energy, (2, rows), eV.

        They are at the time of the positions, the first at the start, NaN from where the run broke
        off, for the reason returned, which is empty where it did not.
        """
        simulation = self.simulation_from(start, timestep_fs=timestep_fs)
        energies = np.full((2, rows), np.nan)
        for row in range(rows):
            if row:
                try:
                    step_watched(simulation, interval_steps)
                except UnstableError as error:
                    return energies, error.message
            state = simulation.context.getState(energy=True)
            energies[:, row] = potential_ev(state), kinetic_ev(state)
        return energies, ""

    def run_forward_and_back(
        self, start: StartPoint, *, timestep_fs: float, steps: int
    ) -> tuple[np.ndarray, np.ndarray, str]:
        """Run forward, reverse the velocities, and run back for as many steps.

        After n steps leapfrog holds x(n) and v(n − ½), and its next kick would give
        v(n + ½) = v(n − ½) + dt F(n)/m.  From −v(n + ½) it goes to −v(n − ½) and back over its own
        positions.

        Returns:
            Positions (N, 3), Å, where the velocities were reversed and at the end, NaN from where
            the run broke off; and why it did, empty where it did not.
        """
        simulation = self.simulation_from(start, timestep_fs=timestep_fs)
        context = simulation.context
        far = back = np.full_like(start.positions_angstrom, np.nan)
        failure = ""
        try:
            step_watched(simulation, steps)
            state = context.getState(positions=True, velocities=True)
            far = positions_angstrom(state)
            kick = 2.0 * half_kick_angstrom_per_ps(context)
            context.setVelocities(nm_from_angstrom(-(velocities_angstrom_per_ps(state) + kick)))
            step_watched(simulation, steps)
            back = positions_angstrom(context.getState(positions=True))
        except UnstableError as error:
            failure = error.message
        return far, back, failure

    def sample(
        self, potential: Potential | None = None, *, precision: str | None = None
    ) -> Samples:
        """Sample the canonical ensemble by Langevin dynamics, from the subject's minimum.

        The potential is the subject's own by default.  Two potentials are sampled with the same
        start, thermostat and seed, so that their samples differ by their forces alone.  Where the
        system broke, there are no samples but a failure.
        """
        subject = self._subject
        molecule = subject.molecule
        system = (potential or subject.potential).create_system(
            molecule, precision=precision or subject.precision
        )
        empty = np.empty((0, molecule.n_atoms, 3))
        positions, velocities, time_ps, failure = empty, empty, np.empty(0), ""
        try:
            samples = sample_langevin(
                system,
                molecule,
                platform=subject.platform,
                start_positions_angstrom=molecule.positions_angstrom,
                temperature_kelvin=subject.temperature_kelvin,
                timestep_fs=SAMPLING_TIMESTEP_FS,
                friction_per_ps=SAMPLING_FRICTION_PER_PS,
                equilibration_ps=SAMPLING_EQUILIBRATION_PS,
                duration_ps=subject.spec.sampling_ps,
                interval_steps=SAMPLING_INTERVAL_STEPS,
                seed=subject.seed,
                limits=subject.stability_limits,
                on_progress=subject.progress("Langevin samples"),
            )
            positions, velocities = samples.positions_angstrom, samples.velocities_angstrom_per_ps
            time_ps = samples.time_ps
        except UnstableError as error:
            failure = error.message
        return Samples(
            positions_angstrom=positions,
            velocities_angstrom_per_ps=velocities,
            time_ps=time_ps,
            masses_amu=masses_amu(system),
            constrained=np.isin(np.arange(molecule.n_atoms), constrained_pairs(system)),
            symbols=molecule.symbols,
            degrees_of_freedom=degrees_of_freedom(system),
            temperature_kelvin=subject.temperature_kelvin,
            failure=failure,
        )

    def _verlet(self, system: openmm.System, *, timestep_fs: float) -> app.Simulation:
        """Return a Simulation of leapfrog at the subject's minimum."""
        subject = self._subject
        return make_simulation(
            system,
            subject.molecule,
            verlet_integrator(timestep_fs),
            platform=subject.platform,
            positions_angstrom=subject.molecule.positions_angstrom,
        )

    def simulation_from(self, start: StartPoint, *, timestep_fs: float) -> app.Simulation:
        """Return a Simulation of leapfrog at a start point."""
        simulation = self._verlet(start.system, timestep_fs=timestep_fs)
        simulation.context.setPositions(nm_from_angstrom(start.positions_angstrom))
        set_start_velocities(simulation, start.velocities_angstrom_per_ps)
        return simulation


def measure_samples(subject: "Subject") -> Samples:
    """Sample the subject's own potential; see :meth:`Experiments.sample`."""
    return subject.experiments.sample()
