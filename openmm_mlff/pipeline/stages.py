"""The producing half of a validation: minimise, probe, simulate, ask the reference."""

from functools import partial

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.observations.loader import load_observations
from openmm_mlff.pipeline.guard import Broken, Outcome, guarded
from openmm_mlff.pipeline.prepare import Plan
from openmm_mlff.pipeline.subject import Progress, Subject
from openmm_mlff.pipeline.trajectories import fail_runs, simulate_all
from openmm_mlff.potentials import Potential
from openmm_mlff.probes import (
    PROBES,
    ProbeOutcome,
    ProbeSubject,
    probe_minimum,
    probe_reference,
)
from openmm_mlff.probes.reference import (
    MINIMUM_FORCE_EV_PER_ANGSTROM,
    SOUGHT_FORCE_EV_PER_ANGSTROM,
)
from openmm_mlff.rundir import (
    SYSTEM_FILE,
    RunDirectory,
    molecule_to_json,
    write_json,
)
from openmm_mlff.simulation.minimise import MinimumResult, minimise
from openmm_mlff.simulation.platforms import PlatformChoice, choose_platform


def produce(plan: Plan, molecule: MolecularSystem, *, on_progress: Progress) -> str:
    """Run everything for one molecule into the run directory.

    What breaks is recorded where it broke; the other stages go on.

    Args:
        plan: from :func:`openmm_mlff.pipeline.prepare.prepare`.
        molecule: one of the plan's.
        on_progress: called as work is done.

    Returns:
        Name of the platform it ran on; empty where none could run it.
    """
    name = molecule.name
    write_json(plan.directory.system(name) / SYSTEM_FILE, molecule_to_json(molecule))
    chosen = guarded(lambda: _choose_platform(plan, molecule))
    if chosen.value is None:
        for probe, _ in PROBES:
            _write_probe(plan.directory, name, probe, Outcome(broken=chosen.broken))
        fail_runs(plan, molecule, chosen.broken)
        return ""
    subject = Subject(plan, molecule, chosen.value, on_progress)
    minimum = guarded(lambda: _minimise(subject))
    start = _start_molecule(molecule, minimum)
    _probe_all(subject, start)
    simulate_all(subject, start)
    _ask_reference(subject, start, minimum)
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


def _probe_all(subject: Subject, start: MolecularSystem) -> None:
    """Run every probe that has not been run yet."""
    plan = subject.plan
    asked = ProbeSubject(
        potential=plan.potential,
        molecule=start,
        platform=subject.platform,
        precision=plan.spec.precision,
        spec=plan.spec.protocol.probes,
        seed=plan.spec.seed,
    )
    for index, (name, probe) in enumerate(PROBES):
        subject.report("probes")(index, len(PROBES))
        if not _is_done(plan.directory, start.name, name):
            outcome = guarded(partial(probe, asked))
            _write_probe(plan.directory, start.name, name, outcome)
    subject.report("probes")(len(PROBES), len(PROBES))


def _is_done(directory: RunDirectory, system: str, probe: str) -> bool:
    """Tell whether an earlier start finished this probe."""
    return (
        probe in directory.probe_names(system)
        and directory.read_probe(system, probe)[0]["status"] == "done"
    )


def _write_probe(
    directory: RunDirectory, system: str, name: str, outcome: Outcome[ProbeOutcome]
) -> None:
    """Write what a probe gave, why it was skipped, or what broke."""
    if outcome.value is None:
        broken = outcome.broken or Broken("the probe gave nothing", "")
        directory.write_probe(
            system, name, status="error", reason=broken.reason, traceback=broken.traceback
        )
        return
    found = outcome.value
    directory.write_probe(
        system,
        name,
        data=found.data,
        arrays=found.arrays,
        status="skipped" if found.skipped else "done",
        reason=found.skipped,
    )


def _ask_reference(
    subject: Subject, start: MolecularSystem, minimum: Outcome[MinimumResult]
) -> None:
    """Compare frames of the first trajectory, and the minimum, with the reference."""
    plan, directory, reference = subject.plan, subject.directory, subject.plan.reference
    if reference is None:
        skipped = Outcome(ProbeOutcome(skipped=plan.no_reference_reason))
        _write_probe(directory, start.name, "reference", skipped)
        _write_probe(directory, start.name, "minimum", skipped)
        return
    if not _is_done(directory, start.name, "minimum"):
        _write_probe(
            directory,
            start.name,
            "minimum",
            guarded(lambda: _compare_minimum(reference, start, minimum)),
        )
    _write_probe(
        directory,
        start.name,
        "reference",
        guarded(lambda: _compare_frames(subject, start, reference)),
    )


def _compare_minimum(
    reference: Potential, start: MolecularSystem, minimum: Outcome[MinimumResult]
) -> ProbeOutcome:
    if minimum.value is None:
        reason = minimum.broken.reason if minimum.broken else "not found"
        return ProbeOutcome(skipped=f"the potential has no minimum to compare: {reason}")
    largest_force = minimum.value.largest_force_ev_per_angstrom
    return probe_minimum(
        reference,
        start,
        model_converged=largest_force <= MINIMUM_FORCE_EV_PER_ANGSTROM,
        model_largest_force=largest_force,
    )


def _compare_frames(subject: Subject, start: MolecularSystem, reference: Potential) -> ProbeOutcome:
    observations = load_observations(subject.directory, start.name)
    found = [(run.name, run.trajectory) for run in observations.runs if run.trajectory is not None]
    if not found:
        return ProbeOutcome(skipped="no trajectory left a frame to compare on")
    name, trajectory = found[0]
    count = min(subject.plan.spec.protocol.probes.reference_frames, len(trajectory.time_ps))
    chosen = np.unique(np.linspace(0, len(trajectory.time_ps) - 1, count).round().astype(int))
    return probe_reference(
        subject.plan.potential,
        reference,
        start,
        trajectory.positions_angstrom[chosen],
        trajectory.time_ps[chosen],
        precision=subject.plan.spec.precision,
        run=name,
        on_progress=subject.report("reference"),
    )
