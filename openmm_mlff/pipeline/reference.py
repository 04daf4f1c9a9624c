"""Ask the reference: about frames of the first trajectory, its own minimum, and more."""

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.observations.loader import load_observations
from openmm_mlff.pipeline.guard import Outcome
from openmm_mlff.pipeline.probing import (
    needed_probes,
    run_each,
    run_reference_probes,
    write_outcome,
)
from openmm_mlff.pipeline.subject import Subject
from openmm_mlff.potentials import Potential
from openmm_mlff.probes import (
    REFERENCE_PROBES,
    ProbeOutcome,
    ProbeSubject,
    probe_minimum,
    probe_reference,
)
from openmm_mlff.probes.accuracy.reference import MINIMUM_FORCE_EV_PER_ANGSTROM
from openmm_mlff.simulation.minimise import MinimumResult


def ask_reference(subject: Subject, asked: ProbeSubject, minimum: Outcome[MinimumResult]) -> None:
    """Compare with the reference whatever the protocol's checks compare; or say why not.

    Args:
        subject: on its way through the stages.
        asked: what the probes are given.
        minimum: where minimisation ended.
    """
    reference = subject.plan.reference
    start = asked.molecule
    if reference is None:
        skipped = Outcome(ProbeOutcome(skipped=subject.plan.no_reference_reason))
        names = {"minimum", "reference", *(name for name, _ in REFERENCE_PROBES)}
        for name in sorted(names & needed_probes(subject.plan)):
            write_outcome(subject.directory, start.name, name, skipped)
        return
    calls = [
        ("minimum", lambda: _compare_minimum(reference, start, minimum)),
        ("reference", lambda: _compare_frames(subject, start, reference)),
    ]
    run_each(subject, start, calls, stage="reference")
    run_reference_probes(subject, asked, reference)


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
        on_progress=subject.report("frames"),
    )
