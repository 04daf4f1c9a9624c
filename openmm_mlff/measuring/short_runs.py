"""Short NVE runs from the Langevin samples, and frames of all NVE runs.

One NVE run keeps the energy of its start: only all of them together have the temperature.
"""

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from openmm import app

from openmm_mlff.intervals import temperature_half_width
from openmm_mlff.measuring.experiments import StartPoint
from openmm_mlff.measuring.stage_names import nve_stage
from openmm_mlff.reporters import StabilityReporter, UnstableError
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
from openmm_mlff.storage.shared import ShortRuns
from openmm_mlff.units import fs_from_ps, nm_from_angstrom, ps_from_fs

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

FEWEST_ROWS = 20  # kinetic energies of a run, at least, where it has as many steps

MOST_ROUNDS = 4
"""Of equally many runs: another round is made while the mean's interval excludes the target."""


@dataclass(frozen=True)
class Frames:
    """Frames (F, N, 3), Å, of several simulations; times (F,) are those in each simulation."""

    positions_angstrom: np.ndarray
    time_ps: np.ndarray
    source: str


def own_frames(subject: "Subject", count: int, *, or_broken: bool = False) -> Frames | None:
    """Return at most `count` frames of all NVE runs and of the short runs, equally many of each.

    They are evenly spaced; None where there are none.  With `or_broken`, runs that broke are used
    where nothing else left a frame.
    """
    recorded = [run for run in subject.runs.runs if run.trajectory is not None]
    runs = [run for run in recorded if run.survived]
    short = subject.short_runs
    placed = short.positions_angstrom if isinstance(short, ShortRuns) else np.empty(0)
    if or_broken and not runs and not len(placed):
        runs = recorded
    sources = [
        (run.trajectory.time_ps, run.trajectory.positions_angstrom)
        for run in runs
        if run.trajectory is not None and len(run.trajectory.time_ps)
    ]
    if isinstance(short, ShortRuns):
        sources += [(short.frame_time_ps, np.asarray(positions)) for positions in placed]
    if not sources:
        return None
    chosen = [spaced(len(time_ps), math.ceil(count / len(sources))) for time_ps, _ in sources]
    times_ps, positions = (
        np.concatenate([values[rows] for values, rows in zip(each, chosen, strict=True)])
        for each in zip(*sources, strict=True)
    )
    kept = spaced(len(times_ps), count)
    named = [run.name for run in runs] if len(runs) < 2 else [f"{len(runs)} runs"]
    named += [f"{len(placed)} short runs"] if len(placed) else []
    return Frames(positions[kept], times_ps[kept], " and ".join(named))


def spaced(length: int, count: int) -> np.ndarray:
    """Return the indices of at most ``count`` rows, evenly spaced, the last among them."""
    ends = np.arange(1, count + 1) * length // count
    return np.unique(ends[ends > 0]) - 1


def measure_short_runs(subject: "Subject") -> ShortRuns | NotApplicable | Skipped:
    """Run at constant energy from evenly spaced points of Langevin samples, at each temperature.

    The mean kinetic temperature of one run of a harmonic molecule with f vibrational degrees of
    freedom has the relative standard deviation 1/√f, so that n = 1/(ε² f) runs have a mean
    temperature known to ε; the protocol states ε and the largest n.  While the 95 % interval of
    the mean excludes the target, another n runs follow, from another Langevin run.  Translation
    and, of isolated molecules, rotation are removed, with the energy of their degrees of freedom.
    Where a run broke, only those before it are returned.
    """
    spec, n_atoms = subject.spec, subject.molecule.n_atoms
    starts = subject.experiments.langevin_starts(spec.ensemble_runs)
    if not starts:
        return Skipped(subject.samples.failure or "the Langevin run has too few samples")
    system = starts[0].system
    rotations = removable_rotations(system, minimum_angstrom=subject.molecule.positions_angstrom)
    freedom = nve_degrees_of_freedom(system, rotations=rotations)
    if freedom == 0:
        return NotApplicable("no atom can move relative to another, so there is no temperature")
    count = min(math.ceil(1.0 / (spec.ensemble_error**2 * freedom)), len(starts))
    steps = max(1, round(fs_from_ps(spec.ensemble_ps) / subject.timestep_fs))
    interval = max(1, min(subject.dynamics.energy_interval_steps, steps // FEWEST_ROWS))
    plan = _Plan(count, freedom, rotations, interval, steps // interval)
    recorders: list[_Recorder] = []
    for index in range(len(subject.dynamics.temperatures_kelvin)):
        found, failure = _runs_at(subject, index, plan)
        recorders += found
        if failure is not None:
            break
    kelvin = subject.dynamics.temperatures_kelvin[index]
    frames = spaced(plan.rows, math.ceil(max(spec.reference_frames, spec.thermal_frames) / count))
    positions = np.array([np.stack(one.positions_angstrom)[frames] for one in recorders])
    interval_ps = ps_from_fs(interval * subject.timestep_fs)
    return ShortRuns(
        temperatures_kelvin=_temperatures_kelvin(recorders, freedom),
        asked_kelvin=np.array([one.temperature_kelvin for one in recorders]),
        positions_angstrom=positions.reshape(len(recorders), len(frames), n_atoms, 3),
        frame_time_ps=interval_ps * (frames + 1.0),
        degrees_of_freedom=freedom,
        timestep_fs=subject.timestep_fs,
        duration_ps=interval_ps * plan.rows,
        failure="" if failure is None else failure.message,
        failure_ps=math.nan if failure is None else failure.time_ps,
        failure_kelvin=math.nan if failure is None else kelvin,
        # OpenMM numbers the atoms of a batch from copy to copy.
        failure_atoms=() if failure is None else tuple(i % n_atoms for i in failure.atoms),
    )


@dataclass(frozen=True)
class _Plan:
    """How many runs a round has, of how many rows, and what moves in them."""

    count: int
    freedom: int
    rotations: int
    interval: int
    rows: int


def _runs_at(
    subject: "Subject", index: int, plan: _Plan
) -> "tuple[list[_Recorder], UnstableError | None]":
    """Run in rounds at one temperature, by its index; those of the first use the shared samples.

    Returns:
        Records of complete runs, and why one is not; no record where the Langevin run broke.
    """
    kelvin = subject.dynamics.temperatures_kelvin[index]
    recorders: list[_Recorder] = []
    for number in range(MOST_ROUNDS):
        samples = None
        if number or index:
            entropy = np.random.SeedSequence([subject.seed, number, index])
            (seed,) = entropy.generate_state(1)
            samples = subject.experiments.sample(seed=int(seed), temperature_kelvin=kelvin)
        starts = subject.experiments.langevin_starts(subject.spec.ensemble_runs, samples)
        if not starts:
            break
        chosen = [
            at_rest_as_a_whole(starts[each], rotations=plan.rotations)
            for each in spaced(len(starts), plan.count)
        ]
        found, failure = _run_each(subject, chosen, plan, kelvin=kelvin)
        recorders += found
        if failure or _covers_target(recorders, plan.freedom, kelvin=kelvin):
            return recorders, failure
    return recorders, None


def at_rest_as_a_whole(start: StartPoint, *, rotations: int) -> StartPoint:
    """Return a start point without translation and rotations."""
    velocities = without_rigid_motion(
        start.velocities_angstrom_per_ps,
        positions_angstrom=start.positions_angstrom,
        masses_amu=masses_amu(start.system),
        rotations=rotations,
    )
    return replace(start, velocities_angstrom_per_ps=velocities)


def _covers_target(recorders: "list[_Recorder]", freedom: int, *, kelvin: float) -> bool:
    """Return whether the 95 % interval of the mean temperature covers the requested one."""
    temperatures = _temperatures_kelvin(recorders, freedom)
    half_width = temperature_half_width(temperatures, degrees_of_freedom=freedom)
    return abs(float(temperatures.mean()) - kelvin) <= half_width


def _temperatures_kelvin(recorders: "list[_Recorder]", freedom: int) -> np.ndarray:
    means_ev = (float(np.mean(one.kinetic_ev)) for one in recorders)
    return np.array([temperature_kelvin(one, n_degrees_of_freedom=freedom) for one in means_ev])


class _Recorder(StabilityReporter):
    """Keeps kinetic energies, eV, and positions (N, 3), Å, of a run while it is stable."""

    def __init__(self, subject: "Subject", plan: _Plan, *, kelvin: float) -> None:
        super().__init__(
            plan.interval,
            subject.molecule,
            temperature_kelvin=kelvin,
            n_degrees_of_freedom=plan.freedom,
            limits=subject.stability_limits,
        )
        self.temperature_kelvin = kelvin
        self.kinetic_ev: list[float] = []
        self.positions_angstrom: list[np.ndarray] = []

    def report(self, simulation: Any, state: Any) -> None:
        """Check one State and keep it."""
        super().report(simulation, state)
        self.kinetic_ev.append(kinetic_ev(state))
        self.positions_angstrom.append(positions_angstrom(state))


def _run_each(
    subject: "Subject", starts: list[StartPoint], plan: _Plan, *, kelvin: float
) -> tuple[list[_Recorder], UnstableError | None]:
    """Run from each start, as one batch where the potential can be batched.

    Returns:
        Records of complete runs, and why one is not.
    """
    molecule, timestep_fs, at_once, batch = subject.molecule, subject.timestep_fs, 1, None
    interval, rows = plan.interval, plan.rows
    if can_be_batched(subject.potential, molecule):
        at_once = len(starts)
        batch = make_copies(subject.potential, molecule, at_once, precision=subject.precision)
    simulation = make_simulation(
        starts[0].system if batch is None else batch.system,
        molecule,
        verlet_integrator(timestep_fs),
        platform=subject.platform,
        positions_angstrom=np.concatenate([one.positions_angstrom for one in starts[:at_once]]),
    )
    report = subject.progress(nve_stage(f"{len(starts)} short runs", timestep_fs=timestep_fs))
    complete: list[_Recorder] = []
    for first in range(0, len(starts), at_once):
        recorders = [_Recorder(subject, plan, kelvin=kelvin) for _ in range(at_once)]
        simulation.reporters[:] = recorders
        if batch is not None and batch.energies_ev is not None:
            simulation.reporters[:] = [
                CopiesReporter(
                    interval,
                    batch.single,
                    energies_ev=batch.energies_ev,
                    timestep_fs=timestep_fs,
                    reporters=[[one] for one in recorders],
                )
            ]
        set_start(simulation, starts[first : first + at_once])
        for row in range(1, rows + 1):
            try:
                step_watched(simulation, interval)
            except UnstableError as error:
                return complete, error
            report((first * rows + at_once * row) * interval, len(starts) * rows * interval)
        complete += recorders
    return complete, None


def set_start(simulation: app.Simulation, starts: list[StartPoint]) -> None:
    """Start a simulation anew; several points are those of a batch."""
    positions = np.concatenate([one.positions_angstrom for one in starts])
    velocities = np.concatenate([one.velocities_angstrom_per_ps for one in starts])
    simulation.context.setPositions(nm_from_angstrom(positions))
    set_start_velocities(simulation, velocities)
    simulation.context.setTime(0.0)
    simulation.currentStep = 0
