"""The producing half of a validation: minimise, probe, simulate, probe what came of it."""

from dataclasses import replace

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.observations import Observations
from openmm_mlff.observations.loader import load_observations
from openmm_mlff.pipeline.guard import Outcome, guarded
from openmm_mlff.pipeline.journal import NO_JOURNAL, Journal
from openmm_mlff.pipeline.kept import kept_minimum, kept_platform
from openmm_mlff.pipeline.preparing import Plan
from openmm_mlff.pipeline.probing import break_all_probes, run_probes
from openmm_mlff.pipeline.reference import ask_reference
from openmm_mlff.pipeline.subject import Progress, Subject
from openmm_mlff.pipeline.trajectories import fail_runs, simulate_all
from openmm_mlff.probes import DYNAMICS_PROBES, PROBES, SURFACE_PROBES, ProbeSubject
from openmm_mlff.probes.accuracy.reference import SOUGHT_FORCE_EV_PER_ANGSTROM
from openmm_mlff.reporters.monitor import StabilityMonitor
from openmm_mlff.rundir import SYSTEM_FILE, molecule_to_json, write_json
from openmm_mlff.simulation.environment import all_torch_threads
from openmm_mlff.simulation.minimise import MinimumResult, minimise
from openmm_mlff.simulation.platforms import PlatformChoice, choose_platform


def produce(
    plan: Plan,
    molecule: MolecularSystem,
    *,
    on_progress: Progress,
    journal: Journal = NO_JOURNAL,
) -> str:
    """Run everything for one molecule into the run directory.

    What breaks is recorded where it broke; the other stages go on.

    Args:
        plan: from :func:`openmm_mlff.pipeline.preparing.prepare`.
        molecule: one of the plan's.
        on_progress: called as work is done.
        journal: of the stages.

    Returns:
        Name of the platform it ran on; empty where none could run it.
    """
    name = molecule.name
    write_json(plan.directory.system(name) / SYSTEM_FILE, molecule_to_json(molecule))
    folder = plan.directory.system(name)
    chosen = journal.run(
        f"{name}: platform",
        lambda: kept_platform(folder, lambda: _choose_platform(plan, molecule)),
    )
    if chosen.value is None:
        break_all_probes(plan, name, chosen.broken)
        fail_runs(plan, molecule, chosen.broken)
        return ""
    subject = Subject(plan, molecule, chosen.value, on_progress, journal)
    minimum = journal.run(
        f"{name}: minimise", lambda: kept_minimum(folder, lambda: _minimise(subject))
    )
    start = _start_molecule(molecule, minimum)
    # Atoms that came apart in the minimisation see nothing of each other, and would pass every
    # question about symmetry unasked.
    asked = _probe_subject(subject, start if _is_whole(molecule, start) else molecule)
    run_probes(subject, asked, PROBES, stage="parity probes")
    simulate_all(subject, start)
    asked = _with_dynamics(subject, asked)
    run_probes(subject, asked, DYNAMICS_PROBES, stage="dynamics probes")
    # Unlike a step, these are many geometries in one call: work enough for every core.
    with all_torch_threads():
        run_probes(subject, asked, SURFACE_PROBES, stage="surface probes")
    ask_reference(subject, replace(asked, molecule=start), minimum)
    return chosen.value.name


def _choose_platform(plan: Plan, molecule: MolecularSystem) -> PlatformChoice:
    system = plan.potential.create_system(molecule, precision=plan.spec.precision)
    return choose_platform(
        system,
        molecule.positions_angstrom,
        request=plan.spec.platform,
        precision=plan.spec.precision,
    )


def _minimise(subject: Subject) -> MinimumResult:
    subject.report("minimise")(0, 1)
    system = subject.plan.potential.create_system(
        subject.molecule, precision=subject.plan.spec.precision
    )
    # Sought more closely than is needed to count as a minimum: the library's structures are the
    # reference's minima, and at a looser limit a good model would not move from them at all.
    result = minimise(
        system,
        subject.molecule,
        platform=subject.platform,
        tolerance_ev_per_angstrom=SOUGHT_FORCE_EV_PER_ANGSTROM,
    )
    subject.report("minimise")(1, 1)
    return result


def _start_molecule(molecule: MolecularSystem, minimum: Outcome[MinimumResult]) -> MolecularSystem:
    """Place the molecule at the potential's minimum; where there is none, leave it as it is."""
    if minimum.value is None:
        return molecule
    positions = minimum.value.positions_angstrom
    return guarded(lambda: molecule.with_positions(positions)).value or molecule


def _is_whole(molecule: MolecularSystem, start: MolecularSystem) -> bool:
    """Tell whether a minimum is still the molecule that was asked about."""
    monitor = StabilityMonitor(
        molecule.atomic_numbers,
        positions_angstrom=molecule.positions_angstrom,
        bonds=molecule.bonds or (),
        cell_angstrom=molecule.cell_angstrom,
    )
    return monitor.check_positions(start.positions_angstrom) is None


def _probe_subject(subject: Subject, start: MolecularSystem) -> ProbeSubject:
    """Put the molecule, at its minimum where that is still itself, under the probes."""
    plan = subject.plan
    dynamics = plan.spec.protocol.dynamics
    return ProbeSubject(
        potential=plan.potential,
        molecule=start,
        platform=subject.platform,
        precision=plan.spec.precision,
        spec=plan.spec.protocol.probes,
        seed=plan.spec.seed,
        temperature_kelvin=dynamics.temperatures_kelvin[0],
        timestep_fs=dynamics.timesteps_fs[0],
    )


def _with_dynamics(subject: Subject, asked: ProbeSubject) -> ProbeSubject:
    """Add what the potential's own dynamics left: frames, and a run that came to its end."""
    loaded = guarded(lambda: load_observations(subject.directory, subject.molecule.name))
    if loaded.value is None:
        return asked
    ended = [run for run in loaded.value.runs if run.survived]
    folder = subject.directory.run(subject.molecule.name, ended[0].name) if ended else None
    frames = thermal_frames(loaded.value, count=asked.spec.thermal_frames)
    return replace(asked, trajectory=frames, run_folder=folder)


def thermal_frames(observations: Observations, *, count: int) -> np.ndarray | None:
    """Choose frames of the first run that came to its end, evenly spaced.

    Args:
        observations: of one system.
        count: how many frames.

    Returns:
        (F, N, 3) float64, Å, F at most `count`; None where no such run left a frame.
    """
    for run in observations.runs:
        if run.survived and run.trajectory is not None:
            last = len(run.trajectory.time_ps) - 1
            # Without the first: it is the nearest to the minimum's own surroundings.
            chosen = np.unique(np.linspace(0, last, count + 1).round().astype(int))[1:]
            return run.trajectory.positions_angstrom[chosen].astype(np.float64)
    return None
