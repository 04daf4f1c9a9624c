"""Short simulations for single checks."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import openmm
from openmm import app

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Potential
from openmm_mlff.reporters import StabilityReporter, UnstableError
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
from openmm_mlff.simulation.constraints import (
    TOLERANCE,
    constrained_pairs,
    langevin_integrator,
    verlet_integrator,
)
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.langevin import LangevinSamples, sample_langevin
from openmm_mlff.simulation.nve import half_kick_angstrom_per_ps, set_start_velocities
from openmm_mlff.storage.shared import Samples
from openmm_mlff.units import fs_from_ps, nm_from_angstrom, ps_from_fs

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

THERMOSTAT_TIMESTEP_FS = 1.0
SAMPLING_FRICTION_PER_PS = 10.0
SAMPLING_EQUILIBRATION_PS = 0.5
SAMPLING_INTERVAL_STEPS = 10

ROW_STEPS = 2
"""The kinetic energy of a bond to hydrogen oscillates in 4.5 fs; longer rows would alias it."""

WATCH_STEPS = 10
NOSE_HOOVER_FREQUENCY_PER_PS = 50.0
"""At 10/ps the chain, which OpenMM starts at rest, lets the kinetic energy of water oscillate by
10 % for a picosecond."""


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
                integrator = verlet_integrator(run.condition.timestep_fs)
                simulation = self.simulation(
                    system, integrator, positions=subject.molecule.positions_angstrom
                )
                load_state(simulation, folder)
                state = simulation.context.getState(positions=True, velocities=True)
                kick = half_kick_angstrom_per_ps(simulation.context)
                velocities = velocities_angstrom_per_ps(state) + kick
                return StartPoint(system, positions_angstrom(state), velocities)
        return None

    def langevin_starts(self, most: int, samples: Samples | None = None) -> list[StartPoint]:
        """Return at most `most` points of Langevin samples, evenly spaced, the last among them.

        The samples are the subject's shared ones by default.  There are none where the Langevin
        run broke.
        """
        samples = samples or self._subject.samples
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
            try:
                step_watched(simulation, interval_steps if row else 0)
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
        try:
            step_watched(simulation, steps)
            state = context.getState(positions=True, velocities=True)
            far = positions_angstrom(state)
            kick = 2.0 * half_kick_angstrom_per_ps(context)
            context.setVelocities(nm_from_angstrom(-(velocities_angstrom_per_ps(state) + kick)))
            step_watched(simulation, steps)
            back = positions_angstrom(context.getState(positions=True))
        except UnstableError as error:
            return far, back, error.message
        return far, back, ""

    def sample(
        self,
        potential: Potential | None = None,
        *,
        precision: str | None = None,
        seed: int | None = None,
        temperature_kelvin: float | None = None,
    ) -> Samples:
        """Sample the canonical ensemble by Langevin dynamics, from the subject's minimum.

        Potential, seed and temperature are the subject's own by default.  Two potentials are
        sampled with the same start, thermostat and seed, so that their samples differ by their
        forces alone.  Where the system broke, there are no samples but a failure.
        """
        subject, molecule = self._subject, self._subject.molecule
        system = (potential or subject.potential).create_system(
            molecule, precision=precision or subject.precision
        )
        kelvin = subject.temperature_kelvin if temperature_kelvin is None else temperature_kelvin
        failure, nothing = "", np.empty((0, molecule.n_atoms, 3))
        try:
            found = sample_langevin(
                system,
                molecule,
                platform=subject.platform,
                start_positions_angstrom=molecule.positions_angstrom,
                temperature_kelvin=kelvin,
                timestep_fs=THERMOSTAT_TIMESTEP_FS,
                friction_per_ps=SAMPLING_FRICTION_PER_PS,
                equilibration_ps=SAMPLING_EQUILIBRATION_PS,
                duration_ps=subject.spec.sampling_ps,
                interval_steps=SAMPLING_INTERVAL_STEPS,
                seed=subject.seed if seed is None else seed,
                limits=subject.stability_limits,
                on_progress=subject.progress("Langevin samples"),
            )
        except UnstableError as error:
            found, failure = LangevinSamples(nothing, nothing, np.empty(0)), error.message
        return Samples(
            positions_angstrom=found.positions_angstrom,
            velocities_angstrom_per_ps=found.velocities_angstrom_per_ps,
            time_ps=found.time_ps,
            masses_amu=masses_amu(system),
            constrained=np.isin(np.arange(molecule.n_atoms), constrained_pairs(system)),
            symbols=molecule.symbols,
            degrees_of_freedom=degrees_of_freedom(system),
            temperature_kelvin=kelvin,
            failure=failure,
        )

    def simulation_from(self, start: StartPoint, *, timestep_fs: float) -> app.Simulation:
        """Return a Simulation of leapfrog at a start point."""
        simulation = self.simulation(
            start.system, verlet_integrator(timestep_fs), positions=start.positions_angstrom
        )
        set_start_velocities(simulation, start.velocities_angstrom_per_ps)
        return simulation

    def langevin_kinetic_ev(
        self, start: StartPoint, *, friction_per_ps: float, duration_ps: float, weights: np.ndarray
    ) -> tuple[np.ndarray, str]:
        """Run Langevin dynamics at the subject's first temperature.

        `weights`, (N, G), eV ps²/Å², are kinetic energy per squared speed of each atom in each of G
        groups.  Velocities are taken in the middle of a step, behind the thermostat, as the shared
        samples have them (Zhang et al., J. Phys. Chem. A 123 (2019) 6056).

        Returns:
            The kinetic energy of each group every 2 fs, (T, G), eV, up to where the run broke off,
            and why it did, empty where it did not.
        """
        (seed,) = np.random.SeedSequence([self._subject.seed, 1]).generate_state(1)
        integrator = langevin_integrator(
            temperature_kelvin=self._subject.temperature_kelvin,
            friction_per_ps=friction_per_ps,
            timestep_fs=THERMOSTAT_TIMESTEP_FS,
            # OpenMM takes 0 for "any seed".
            seed=1 + int(seed) % (2**31 - 2),
        )
        stage = "Langevin, weak friction"
        return self._kinetic_ev(start, integrator, duration_ps, weights, stage=stage)

    def nose_hoover_kinetic_ev(
        self, start: StartPoint, *, duration_ps: float, weights: np.ndarray
    ) -> tuple[np.ndarray, str]:
        """Run a Nosé–Hoover chain on all atoms together, from a point of the canonical ensemble.

        Arguments and results are those of :meth:`langevin_kinetic_ev`.  OpenMM counts the degrees
        of freedom as the start has them: three an atom, less the constraints.  The start must
        therefore keep the motion of the centre of mass and the rotation; without them the rest of a
        water molecule would be heated to three times the temperature.
        """
        integrator = openmm.NoseHooverIntegrator(
            self._subject.temperature_kelvin,
            NOSE_HOOVER_FREQUENCY_PER_PS,
            ps_from_fs(THERMOSTAT_TIMESTEP_FS),
        )
        integrator.setConstraintTolerance(TOLERANCE)
        return self._kinetic_ev(start, integrator, duration_ps, weights, stage="Nosé–Hoover chain")

    def _kinetic_ev(
        self,
        start: StartPoint,
        integrator: openmm.Integrator,
        duration_ps: float,
        weights: np.ndarray,
        *,
        stage: str,
    ) -> tuple[np.ndarray, str]:
        subject, report = self._subject, self._subject.progress(stage)
        simulation = self.simulation(start.system, integrator, positions=start.positions_angstrom)
        context = simulation.context
        context.setVelocities(nm_from_angstrom(start.velocities_angstrom_per_ps))
        watch = StabilityReporter(
            WATCH_STEPS,
            subject.molecule,
            temperature_kelvin=subject.temperature_kelvin,
            limits=subject.stability_limits,
        )
        simulation.reporters.append(watch)
        rows = max(1, round(fs_from_ps(duration_ps) / THERMOSTAT_TIMESTEP_FS) // ROW_STEPS)
        energies = np.empty((rows, weights.shape[1]))
        for row in range(rows):
            try:
                step_watched(simulation, ROW_STEPS)
            except UnstableError as error:
                return energies[:row], error.message
            velocities = velocities_angstrom_per_ps(context.getState(velocities=True))
            energies[row] = (velocities**2).sum(axis=1) @ weights
            report(row + 1, rows)
        return energies, ""

    def simulation(
        self,
        system: openmm.System,
        integrator: openmm.Integrator,
        *,
        positions: np.ndarray,
        molecule: MolecularSystem | None = None,
    ) -> app.Simulation:
        """Return a Simulation at positions (N, 3), Å, by default of the subject's molecule."""
        platform, molecule = self._subject.platform, molecule or self._subject.molecule
        return make_simulation(
            system, molecule, integrator, platform=platform, positions_angstrom=positions
        )
