"""Ask the reference: about frames of the first trajectory, its own minimum, and more.

Labelled frames of a file cannot be asked anything; the potential is compared with what they say.
"""

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
from openmm_mlff.potentials.frames import LabelledFrames
from openmm_mlff.probes import (
    REFERENCE_PROBES,
    ProbeOutcome,
    ProbeSubject,
    probe_minimum,
    probe_reference,
)
from openmm_mlff.probes.accuracy.reference import MINIMUM_FORCE_EV_PER_ANGSTROM
from openmm_mlff.probes.model import not_applicable
from openmm_mlff.simulation.minimise import MinimumResult

ASKED_PROBES = ("minimum", *(name for name, _ in REFERENCE_PROBES))
"""Probes that ask the reference about geometries of their own choice."""

NOT_ASKED = "labelled frames can be compared, not asked"


def ask_reference(subject: Subject, asked: ProbeSubject, minimum: Outcome[MinimumResult]) -> None:
    """Compare with the reference whatever the protocol's checks compare; or say why not.

    Args:
        subject: on its way through the stages.
        asked: what the probes are given.
        minimum: where minimisation ended.
    """
    reference: Potential | LabelledFrames | None = subject.plan.reference
    start = asked.molecule
    if reference is None:
        _skip(subject, start, ("reference", *ASKED_PROBES), subject.plan.no_reference_reason)
        return
    if isinstance(reference, LabelledFrames):
        labels = reference
        call = ("reference", lambda: compare_with_labels(subject, start, labels))
        run_each(subject, start, [call], stage="reference")
        _skip(subject, start, ASKED_PROBES, NOT_ASKED)
        return
    calls = [
        ("minimum", lambda: _compare_minimum(reference, start, minimum)),
        ("reference", lambda: _compare_frames(subject, start, reference)),
    ]
    run_each(subject, start, calls, stage="reference")
    run_reference_probes(subject, asked, reference)


def compare_with_labels(
    subject: Subject, molecule: MolecularSystem, labels: LabelledFrames
) -> ProbeOutcome:
    """Evaluate the potential on a file's frames of one molecule.

    Args:
        subject: on its way through the stages; its protocol says how many frames.
        molecule: which atoms, in which order.
        labels: of the file.

    Returns:
        The arrays of :func:`openmm_mlff.probes.probe_reference`; the times are the frames' places
        in the file.
    """
    plan = subject.plan
    frames = labels.showing(molecule, at_most=plan.spec.protocol.probes.reference_frames)
    data = {
        "reference": labels.spec,
        "sha256": labels.sha256,
        "run": f"no run: frames of {labels.spec}",
        "frames_of": labels.spec,
        "requested": len(frames),
        "refused": 0,
        "refusals": [],
    }
    if not frames:
        cell = " in its cell" if molecule.is_periodic else ""
        return ProbeOutcome(
            data=data,
            skipped=f"none of the {len(labels.frames)} frames of {labels.spec} shows "
            f"{molecule.name} ({molecule.formula}) with its atoms in the same order{cell}",
        )
    positions = np.stack([frame.positions_angstrom for frame in frames])
    model = plan.potential.evaluate(molecule, positions, precision=plan.spec.precision)
    subject.report("frames")(len(frames), len(frames))
    arrays = {
        "positions_angstrom": positions,
        "time_ps": np.array([float(frame.index) for frame in frames]),
        "model_energies_ev": model.energies_ev,
        "model_forces": model.forces_ev_per_angstrom,
        "reference_energies_ev": np.array([frame.energy_ev for frame in frames]),
        "reference_forces": np.stack([frame.forces_ev_per_angstrom for frame in frames]),
    }
    return ProbeOutcome(data=data, arrays=arrays)


def _skip(subject: Subject, molecule: MolecularSystem, names: tuple[str, ...], reason: str) -> None:
    """Record for every needed probe of these why it was not run."""
    skipped = Outcome(ProbeOutcome(skipped=reason))
    for name in sorted(set(names) & needed_probes(subject.plan)):
        write_outcome(subject.directory, molecule.name, name, skipped)


def _compare_minimum(
    reference: Potential, start: MolecularSystem, minimum: Outcome[MinimumResult]
) -> ProbeOutcome:
    if start.is_periodic:
        return not_applicable("a box has very many minima; ask its molecules one by one")
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
