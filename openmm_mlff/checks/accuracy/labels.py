"""Frames labelled by the reference, as the accuracy checks see them."""

from dataclasses import dataclass

import numpy as np

from openmm_mlff.checks.base import CheckSpec, place
from openmm_mlff.checks.inputs import JUDGED_FRACTION, find_probe, probe_array
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult, Status


@dataclass(frozen=True)
class LabelledFrames:
    """Frames of the potential's own trajectory or of a file, G of them, with finite labels.

    Attributes:
        reference: its spec string.
        run: name of the simulation or the file they come from.
        frames_of: whose frames they are, for sentences.
        symbols: elements of the atoms, (N,).
        requested: frames given to the reference.
        refused: frames it refused, or gave no finite label.
        model_energies_ev: (G,).
        model_forces: eV/Å, (G, N, 3).
        reference_energies_ev: (G,).
        reference_forces: eV/Å, (G, N, 3).
    """

    reference: str
    run: str
    frames_of: str
    symbols: tuple[str, ...]
    requested: int
    refused: int
    model_energies_ev: np.ndarray
    model_forces: np.ndarray
    reference_energies_ev: np.ndarray
    reference_forces: np.ndarray

    def counts(self) -> dict[str, str | int]:
        """Say what was used, for the evidence."""
        return {
            "reference": self.reference,
            "run": self.run,
            "frames_requested": self.requested,
            "frames_refused": self.refused,
            "frames_used": len(self.model_energies_ev),
        }


def labelled_frames(spec: CheckSpec, observations: Observations) -> LabelledFrames | CheckResult:
    """Read the probe ``reference`` and see that there is enough to judge by.

    Args:
        spec: the check that asks.
        observations: with the probe.

    Returns:
        The frames, or the check's result where they cannot be judged: SKIPPED without a reference,
        ERROR where the probe broke, FAIL where the potential gave no finite number, INCONCLUSIVE
        where the reference labelled less than four fifths.
    """
    probe = find_probe(spec, observations, name="reference")
    if isinstance(probe, CheckResult):
        return probe
    requested = int(probe.data["requested"])
    if requested < 1 or "model_forces" not in probe.arrays or not len(probe.arrays["model_forces"]):
        reason = f"none of {requested} frames was evaluated"
        return spec.inconclusive(observations, reason=reason)
    frames = _finite_labels(probe, symbols=observations.system.symbols, requested=requested)
    if not (np.isfinite(frames.model_forces).all() and np.isfinite(frames.model_energies_ev).all()):
        return spec.result(
            observations,
            status=Status.FAIL,
            message=f"On {place(observations)}, the potential gives energies or forces that are "
            f"not finite numbers on frames of {frames.frames_of}.",
            evidence=frames.counts(),
        )
    used = len(frames.model_energies_ev)
    if used < JUDGED_FRACTION * requested:
        reason = (
            f"the reference evaluated {used} of {requested} frames, and four fifths are the fewest"
        )
        return spec.inconclusive(observations, reason=reason, evidence=frames.counts())
    return frames


def _finite_labels(
    probe: ProbeObservations, *, symbols: tuple[str, ...], requested: int
) -> LabelledFrames:
    """Leave out the frames to which the reference gave no finite label."""
    model_forces = probe_array(probe, name="model_forces", shape=(None, len(symbols), 3))
    count = len(model_forces)
    forces = probe_array(probe, name="reference_forces", shape=model_forces.shape)
    energies_ev = probe_array(probe, name="reference_energies_ev", shape=(count,))
    model_ev = probe_array(probe, name="model_energies_ev", shape=(count,))
    labelled = np.isfinite(forces).all(axis=(1, 2)) & np.isfinite(energies_ev)
    # A frame on which the potential itself breaks must not go unseen with its label.
    labelled |= ~(np.isfinite(model_forces).all(axis=(1, 2)) & np.isfinite(model_ev))
    return LabelledFrames(
        reference=str(probe.data["reference"]),
        run=str(probe.data["run"]),
        frames_of=str(probe.data.get("frames_of", "its own trajectory")),
        symbols=symbols,
        requested=requested,
        refused=requested - int(labelled.sum()),
        model_energies_ev=model_ev[labelled],
        model_forces=model_forces[labelled],
        reference_energies_ev=energies_ev[labelled],
        reference_forces=forces[labelled],
    )
