"""Do the atoms of a simulation vibrate at the frequencies of the reference's own dynamics?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Subject, define, inconclusive
from openmm_mlff.config import Limits, short_name
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.plots import Axis, Panel, Plot, of_both
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import wavenumber_from_frequency

INTERVAL_PS = 0.002
FEWEST_RUNS = 2  # one in each half; the noise cannot be estimated from fewer

NARROWEST_PER_CM = 200.0
"""Least width by which the distance is divided: a quarter of it is 50 cm⁻¹, as for `vibrations`."""

DRAWN_UP_TO_PER_CM = 4500.0


@record
class Record:
    """Vibrational densities of states of the runs of both, each of sum 1.

    A failure says why a run broke off; it is empty where none did.
    """

    reference: str
    wavenumbers_per_cm: np.ndarray = array("wavenumbers")
    model_densities: np.ndarray = array("runs", "wavenumbers")
    reference_densities: np.ndarray = array("reference runs", "wavenumbers")
    model_failure: str = ""
    reference_failure: str = ""


def measure(subject: Subject) -> Record | NotApplicable:
    """Run both from their own Langevin samples."""
    if subject.molecule.is_periodic:
        return NotApplicable("the reference would have to run the box; validate a molecule alone")
    if subject.molecule.n_atoms < 2:
        return NotApplicable("a single atom does not vibrate")
    own, failure = subject.velocities()
    try:
        other, reference_failure = subject.reference.velocities(subject)
    except EvaluationRefusedError as refusal:
        other, reference_failure = own[:0], f"it refused a geometry ({refusal})"
    return Record(
        reference=subject.reference.spec,
        wavenumbers_per_cm=wavenumber_from_frequency(np.fft.rfftfreq(own.shape[1], INTERVAL_PS)),
        model_densities=densities(own),
        reference_densities=densities(other),
        model_failure=failure,
        reference_failure=reference_failure,
    )


def densities(velocities_angstrom_per_ps: np.ndarray) -> np.ndarray:
    """Return the density of states of each run, (R, F), of sum 1, from velocities (R, T, N, 3).

    The power spectrum under a Hann window of each component of each atom has unit power, so that a
    component counts the same whatever its mass and energy.  Components at rest are left out.
    """
    runs, rows, atoms, _ = velocities_angstrom_per_ps.shape
    motion = velocities_angstrom_per_ps.reshape(runs, rows, 3 * atoms)
    motion = (motion - motion.mean(axis=1, keepdims=True)) * np.hanning(rows)[:, None]
    power = np.abs(np.fft.rfft(motion, axis=1)) ** 2
    total = power.sum(axis=1, keepdims=True)
    moving = total > 1e-12 * total.max(initial=0.0, axis=2, keepdims=True)
    shares = np.divide(power, total, out=np.zeros_like(power), where=moving)
    return np.asarray(shares.sum(axis=2) / np.maximum(moving.sum(axis=2), 1))


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the Wasserstein distance of the densities of states with ``distance`` (ratio).

    Two halves of one set of runs differ by noise alone; two whole sets differ by 1/√2 of that.
    PASS needs distance and noise below the limit, as noise can only add to a distance; FAIL needs
    distance less noise above it.
    """
    if unusable := _unusable(record):
        return unusable
    both, at = (record.model_densities, record.reference_densities), record.wavenumbers_per_cm
    model, ideal = (found.mean(axis=0) for found in both)
    mean = float(ideal @ at)
    width = max(float(np.sqrt(ideal @ (at - mean) ** 2)), NARROWEST_PER_CM)
    distance = min(1.0, wasserstein(model, ideal, wavenumbers=at) / width)
    halves = [
        wasserstein(found[::2].mean(axis=0), found[1::2].mean(axis=0), wavenumbers=at) / width
        for found in both
    ]
    noise, limit = max(halves) / np.sqrt(2.0), limits["distance"].value
    status = Status.FAIL if distance - noise > limit else Status.INCONCLUSIVE
    if max(distance, noise) <= limit:
        status = Status.PASS
    return Judgement(
        status,
        f"the vibrational density of states, centred at {float(model @ at):.0f} cm⁻¹, differs from "
        f"that of {short_name(record.reference)}, at {mean:.0f} cm⁻¹, by {distance:.3g} ± "
        f"{noise:.2g} of its width (limit {limit:g}; 1 at most)",
        value=distance,
        threshold=limit,
        evidence={
            "reference": record.reference,
            "detection_limit": noise,
            "width_per_cm": width,
            "runs": len(record.model_densities),
        },
    )


def wasserstein(density: np.ndarray, other: np.ndarray, *, wavenumbers: np.ndarray) -> float:
    """Return the distance W1 of two densities (F,) of sum 1, in the unit of the wavenumbers."""
    step = float(wavenumbers[1] - wavenumbers[0])
    return float(np.abs(np.cumsum(density - other)).sum()) * step


def _unusable(record: Record) -> Judgement | None:
    """Return why the runs cannot be compared; None where they can."""
    for name, whose, status in (
        ("the potential", "model", Status.FAIL),
        (record.reference, "reference", Status.INCONCLUSIVE),
    ):
        found = getattr(record, f"{whose}_densities")
        if failure := getattr(record, f"{whose}_failure"):
            return Judgement(status, f"a run of {name} failed: {failure}")
        if not np.isfinite(found).all():
            return Judgement(status, f"velocities of {name} are not finite")
        if len(found) < FEWEST_RUNS:
            return inconclusive(f"{len(found)} runs of {name} (needs at least {FEWEST_RUNS})")
    return None


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the densities of states of both."""
    if not len(record.model_densities) or not len(record.reference_densities):
        return []
    kept = record.wavenumbers_per_cm <= DRAWN_UP_TO_PER_CM
    both = record.model_densities, record.reference_densities
    curves = (found.mean(axis=0)[kept] for found in both)
    marks = of_both(record.wavenumbers_per_cm[kept], *curves)
    axes = Axis("Wavenumber (cm⁻¹)", (0.0, DRAWN_UP_TO_PER_CM)), Axis("Density of states")
    return [Plot("Vibrational density of states", [Panel(*axes, marks)], name="density")]


CHECK = define(
    __name__,
    formula="∫ |C − C_ref| dν / σ_ref, at most 1; C the cumulative power spectrum of the "
    "velocities (Hann window, unit power for each component of each atom), σ_ref the width of the "
    "reference's. It costs 16 runs (`ensemble_runs`) of 1000 steps of each, of water 64, and "
    "Langevin samples of the reference",
    limits={"distance": "ratio"},
    source="molecular dynamics metrics of matbench-discovery, arXiv:2607.03433: an L1 distance of "
    "spectra saturates where peaks no longer overlap",
    consequence="Anharmonic frequencies, spectra and the thermal average over conformers differ "
    "from the reference's, even where the frequencies at the minimum agree.",
    remedy="Add frames of the potential's own runs, labelled by the reference, to the training "
    "data; the figure shows which vibrations are off.",
    needs=("minimum", "samples", "reference"),
)
