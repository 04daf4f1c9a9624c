"""Periodic boxes: the one that the potential wants, and runs at constant pressure or volume."""

import math
from typing import TYPE_CHECKING

import numpy as np
import openmm
from openmm import app
from scipy.optimize import minimize

from openmm_mlff.config import BoxSpec
from openmm_mlff.measuring.evaluation import evaluate_points
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.boxes import supercell
from openmm_mlff.reporters import StabilityReporter, UnstableError
from openmm_mlff.reporters.quantities import (
    box_angstrom,
    masses_amu,
    positions_angstrom,
    potential_ev,
    time_ps,
)
from openmm_mlff.simulation.barostat import add_barostat, molecular_bonds
from openmm_mlff.simulation.blocks import STEPS, step_watched
from openmm_mlff.simulation.constraints import langevin_integrator
from openmm_mlff.simulation.job import openmm_seeds
from openmm_mlff.simulation.minimise import minimise
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.shared import Box, BoxRun
from openmm_mlff.units import fs_from_ps, nm_from_angstrom

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

FRAMES = 20
STANDSTILL_FS = 1e-6
"""Timestep in which atoms move by 1e-8 Å, so that only volume moves change their distances."""

MOVES = 200
_TOO_NARROW = "less than twice the nonbonded cutoff"
NARROW = Skipped(
    "at constant pressure the box became smaller than twice the potential's cutoff; start from a "
    "larger box, or choose a shorter cutoff"
)
LARGEST_STRAIN, STRAIN_TOLERANCE = 0.3, 1e-5


def measure_box(subject: "Subject") -> Box | NotApplicable | Skipped:
    """Find the box that the potential wants: at constant pressure, or of the lowest energy.

    At constant pressure it is that frame of the second half of the run whose volume is nearest to
    the mean.  Where the run broke, it is the box that was given, with the failure.
    """
    asked, spec = subject.asked, box_spec(subject)
    if not asked.is_periodic:
        return NotApplicable("it has no periodic box")
    if subject.potential.composition_is_free:
        asked = supercell(asked, at_least_angstrom=spec.supercell_angstrom)
    failure = ""
    if spec.found_by == "energy":
        asked, failure = _of_lowest_energy(subject, asked)
    else:
        try:
            run = _equilibration(subject, asked, spec)
        except UnstableError as error:
            failure = error.message
        else:
            if isinstance(run, Skipped):
                return run
            asked, failure = _settled(asked, run)
    return Box(
        cell_angstrom=np.array(asked.cell_angstrom),
        positions_angstrom=np.array(asked.positions_angstrom),
        failure=failure,
    )


def in_own_box(subject: "Subject") -> MolecularSystem:
    """Return the subject's molecule, repeated as the box was, in the box that it wants."""
    box, asked = subject.box, subject.asked
    if not isinstance(box, Box):
        return asked
    if len(box.positions_angstrom) != asked.n_atoms:
        asked = supercell(asked, at_least_angstrom=box_spec(subject).supercell_angstrom)
    return asked.with_cell(box.cell_angstrom, positions_angstrom=box.positions_angstrom)


def box_spec(subject: "Subject") -> BoxSpec:
    """Return the protocol's settings of the box, or the defaults."""
    return subject.settings.protocol.box or BoxSpec()


def measure_npt(subject: "Subject") -> BoxRun | NotApplicable | Skipped:
    """Run at the protocol's temperature and pressure, from the box that the potential wants."""
    if not isinstance(subject.box, Box):
        return subject.box
    spec = box_spec(subject)
    return subject.boxes.run(pressure_bar=spec.pressure_bar, stage="NPT, production")


class Boxes:
    """Runs of a periodic subject, from the box that the potential wants."""

    def __init__(self, subject: "Subject") -> None:
        self._subject = subject

    @property
    def spec(self) -> BoxSpec:
        """Settings of the box."""
        return box_spec(self._subject)

    def run(
        self,
        *,
        pressure_bar: float = math.nan,
        temperature_kelvin: float | None = None,
        duration_ps: float | None = None,
        number: int = 0,
        stage: str = "constant pressure",
        start: MolecularSystem | None = None,
    ) -> BoxRun | Skipped:
        """Run Langevin dynamics at constant pressure, or at constant volume for a pressure of NaN.

        The temperature is the subject's and the length the protocol's for such a run by default;
        `number` distinguishes random numbers.  A run that breaks has the rows before it.

        Skipped where the box became smaller than twice the potential's cutoff.

        Raises:
            OpenMMException: the potential refused a geometry.
        """
        subject, spec = self._subject, self.spec
        start = start or in_own_box(subject)
        kelvin = temperature_kelvin or subject.temperature_kelvin
        simulation = self._simulation(
            start, kelvin=kelvin, pressure_bar=pressure_bar, number=number
        )
        default_ps = spec.ensemble_ps if math.isnan(pressure_bar) else spec.production_ps
        wanted = duration_ps or default_ps
        timestep_fs = subject.dynamics.equilibration_timestep_fs
        rows = max(FRAMES, round(fs_from_ps(wanted) / timestep_fs / spec.interval_steps))
        report, failure = subject.progress(stage), ""
        found, frames = [], []
        for row in range(1, rows + 1):
            try:
                step_watched(simulation, spec.interval_steps)
            except UnstableError as error:
                failure = error.message
                break
            except openmm.OpenMMException as error:
                if _TOO_NARROW in str(error):
                    return NARROW
                raise
            is_frame = row % (rows // FRAMES) == 0
            state = simulation.context.getState(energy=True, positions=is_frame)
            cell = box_angstrom(state)
            found.append((time_ps(state), np.linalg.det(cell), potential_ev(state)))
            if is_frame:
                frames.append((positions_angstrom(state), cell, potential_ev(state)))
            report(row, rows)
        times, volumes, energies = np.array(found).reshape(-1, 3).T
        placed = np.array([one[0] for one in frames]).reshape(-1, start.n_atoms, 3)
        return BoxRun(
            time_ps=times,
            volume_angstrom3=volumes,
            potential_ev=energies,
            positions_angstrom=placed,
            cells_angstrom=np.array([one[1] for one in frames]).reshape(-1, 3, 3),
            frame_energies_ev=np.array([one[2] for one in frames]),
            mass_amu=float(masses_amu(simulation.system).sum()),
            temperature_kelvin=kelvin,
            pressure_bar=pressure_bar,
            failure=failure,
        )

    def _simulation(
        self, start: MolecularSystem, *, kelvin: float, pressure_bar: float, number: int
    ) -> app.Simulation:
        """Return a watched simulation with thermal velocities and a barostat, unless for NaN."""
        subject, spec = self._subject, self.spec
        system = subject.potential.create_system(start, precision=subject.precision)
        velocity_seed, other_seed = openmm_seeds(subject.seed, 7, number)
        if not math.isnan(pressure_bar):
            add_barostat(
                system,
                start,
                temperature_kelvin=kelvin,
                pressure_bar=pressure_bar,
                interval_steps=spec.interval_steps,
                anisotropic=spec.anisotropic,
                seed=velocity_seed,
            )
        thermostat = langevin_integrator(
            temperature_kelvin=kelvin,
            friction_per_ps=subject.dynamics.friction_per_ps,
            timestep_fs=subject.dynamics.equilibration_timestep_fs,
            seed=other_seed,
        )
        simulation = subject.experiments.simulation(
            system, thermostat, positions=start.positions_angstrom, molecule=start
        )
        simulation.context.setVelocitiesToTemperature(kelvin, velocity_seed)
        watch = StabilityReporter(
            spec.interval_steps, start, temperature_kelvin=kelvin, limits=subject.stability_limits
        )
        simulation.reporters.append(watch)
        return simulation

    def bond_change_by_moves(self, start: MolecularSystem | None = None) -> float:
        """Return the largest relative change of a bond by volume moves, with the atoms at rest.

        0 without bonds within molecules.
        """
        subject, start = self._subject, start or in_own_box(self._subject)
        pairs = np.array(molecular_bonds(start), dtype=int).reshape(-1, 2)
        system = subject.potential.create_system(start, precision=subject.precision)
        kelvin = subject.temperature_kelvin
        add_barostat(
            system, start, temperature_kelvin=kelvin, interval_steps=1, seed=1 + subject.seed
        )
        standstill = langevin_integrator(
            temperature_kelvin=kelvin, friction_per_ps=1e-6, timestep_fs=STANDSTILL_FS, seed=1
        )
        simulation = subject.experiments.simulation(
            system, standstill, positions=start.positions_angstrom, molecule=start
        )
        before = _lengths(start.positions_angstrom, pairs)
        simulation.context.setVelocities(nm_from_angstrom(np.zeros((start.n_atoms, 3))))
        STEPS.taken += MOVES
        simulation.integrator.step(MOVES)
        placed = positions_angstrom(simulation.context.getState(positions=True))
        return float(np.abs(_lengths(placed, pairs) / before - 1.0).max(initial=0.0))


def _lengths(placed_angstrom: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    apart = placed_angstrom[pairs[:, 0]] - placed_angstrom[pairs[:, 1]]
    return np.asarray(np.linalg.norm(apart, axis=1))


def _equilibration(subject: "Subject", asked: MolecularSystem, spec: BoxSpec) -> BoxRun | Skipped:
    """Minimise, and run at constant pressure."""
    system = subject.potential.create_system(asked, precision=subject.precision)
    relaxed = minimise(system, asked, platform=subject.platform)
    return subject.boxes.run(
        pressure_bar=spec.pressure_bar,
        duration_ps=spec.equilibration_ps,
        number=1,
        stage="NPT, equilibration",
        start=asked.with_positions(relaxed.positions_angstrom),
    )


def _settled(asked: MolecularSystem, run: BoxRun) -> tuple[MolecularSystem, str]:
    """Return a molecule after equilibration at constant pressure, and why that failed."""
    if run.failure:
        return asked, run.failure
    late = np.arange(len(run.cells_angstrom) // 2, len(run.cells_angstrom))
    volumes = np.linalg.det(run.cells_angstrom[late])
    chosen = late[np.abs(volumes - volumes.mean()).argmin()]
    placed = run.positions_angstrom[chosen]
    return asked.with_cell(run.cells_angstrom[chosen], positions_angstrom=placed), ""


def _of_lowest_energy(subject: "Subject", asked: MolecularSystem) -> tuple[MolecularSystem, str]:
    """Return a crystal with the three box lengths at which its energy is lowest, and a failure.

    Atoms keep their fractional coordinates; the minimisation in that box relaxes them.
    """
    cell, placed = np.array(asked.cell_angstrom), asked.positions_angstrom

    def strained(strains: np.ndarray) -> MolecularSystem:
        scale = np.exp(strains)
        return asked.with_cell(cell * scale, positions_angstrom=placed * scale)

    def energy_ev(strains: np.ndarray) -> float:
        if np.abs(strains).max() > LARGEST_STRAIN:
            return math.inf
        one = strained(strains)
        found = evaluate_points(
            subject.potential, one, one.positions_angstrom[None], precision=subject.precision
        )
        return math.inf if found.refused[0] else float(found.energies_ev[0]) / asked.n_atoms

    found = minimize(
        energy_ev,
        np.zeros(3),
        method="Nelder-Mead",
        options={
            "initial_simplex": 0.02 * np.vstack([np.zeros(3), np.ones(3), np.eye(3)[:2]]),
            "xatol": STRAIN_TOLERANCE,
            "fatol": 1e-7,
            "maxfev": 400,
        },
    )
    if not np.isfinite(found.fun) or not found.success:
        return asked, f"no box of lowest energy within {LARGEST_STRAIN:.0%} of the given lengths"
    return strained(found.x), ""
