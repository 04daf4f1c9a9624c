"""Run the probes that the protocol's checks read, and keep what each gave."""

from collections.abc import Callable, Sequence
from functools import partial

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.pipeline.guard import Broken, Outcome
from openmm_mlff.pipeline.preparing import Plan
from openmm_mlff.pipeline.subject import Subject
from openmm_mlff.potentials import Potential
from openmm_mlff.probes import (
    DYNAMICS_PROBES,
    PROBES,
    REFERENCE_PROBES,
    SURFACE_PROBES,
    Probe,
    ProbeOutcome,
    ProbeSubject,
)
from openmm_mlff.rundir import RunDirectory

ProbeTable = Sequence[tuple[str, Probe]]


def needed_probes(plan: Plan) -> set[str]:
    """Name the probes that the plan's checks read.

    Args:
        plan: with its checks.

    Returns:
        Their names.
    """
    return {name for spec, _ in plan.checks for name in spec.probes}


def run_probes(subject: Subject, asked: ProbeSubject, table: ProbeTable, *, stage: str) -> None:
    """Run every needed probe of a table that has not been run yet.

    Args:
        subject: on its way through the stages.
        asked: what the probes are given.
        table: probes by name.
        stage: what the user is shown.
    """
    run_each(
        subject,
        asked.molecule,
        [(name, partial(probe, asked)) for name, probe in table],
        stage=stage,
    )


def run_reference_probes(subject: Subject, asked: ProbeSubject, reference: Potential) -> None:
    """Run every needed probe that compares with the reference and has not been run yet."""
    calls = [(name, partial(probe, asked, reference)) for name, probe in REFERENCE_PROBES]
    run_each(subject, asked.molecule, calls, stage="reference probes")


def run_each(
    subject: Subject,
    molecule: MolecularSystem,
    calls: Sequence[tuple[str, Callable[[], ProbeOutcome]]],
    *,
    stage: str,
) -> None:
    """Call each needed probe, guarded, and write what it gave.

    Args:
        subject: on its way through the stages.
        molecule: names the folder.
        calls: probes by name, ready to be called.
        stage: what the user is shown.
    """
    needed = needed_probes(subject.plan)
    wanted = [(name, call) for name, call in calls if name in needed]
    for index, (name, call) in enumerate(wanted):
        subject.report(stage)(index, len(wanted))
        key = f"{molecule.name}: {name}"
        is_settled = key in subject.journal.settled
        if not is_settled and not is_done(subject.directory, molecule.name, name):
            keep = partial(write_outcome, subject.directory, molecule.name, name)
            subject.journal.run(key, call, keep=keep)
    if wanted:
        subject.report(stage)(len(wanted), len(wanted))


def break_all_probes(plan: Plan, system: str, broken: Broken | None) -> None:
    """Record for every needed probe that is not done why it could not be run."""
    tables = (PROBES, DYNAMICS_PROBES, SURFACE_PROBES)
    needed = needed_probes(plan)
    for name in [name for table in tables for name, _ in table if name in needed]:
        if not is_done(plan.directory, system, name):
            write_outcome(plan.directory, system, name, Outcome(broken=broken))


def is_done(directory: RunDirectory, system: str, probe: str) -> bool:
    """Tell whether an earlier start finished this probe."""
    return (
        probe in directory.probe_names(system)
        and directory.read_probe(system, probe)[0]["status"] == "done"
    )


def write_outcome(
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
