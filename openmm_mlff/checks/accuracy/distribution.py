"""Do interatomic distances have the distribution of the reference's own dynamics?"""

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Subject, inconclusive
from openmm_mlff.config import Limits, short_name
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

BIN_ANGSTROM = 0.05

FEWEST_SAMPLES = 20  # ten in each half of a run; the noise cannot be estimated from fewer


@record
class Record:
    """Samples of two Langevin runs with the same start, thermostat and seed.

    A failure says why a run broke off; it is empty where it did not.
    """

    reference: str
    model_positions_angstrom: np.ndarray = array("samples", "N", 3)
    reference_positions_angstrom: np.ndarray = array("reference samples", "N", 3)
    model_failure: str = ""
    reference_failure: str = ""


def measure(subject: Subject) -> Record | NotApplicable:
    """Sample the reference as the shared samples are sampled."""
    if subject.molecule.is_periodic:
        return NotApplicable("atoms of a box have no finite distances; see radial_distribution")
    if subject.molecule.n_atoms < 2:
        return NotApplicable("a single atom has no interatomic distances")
    own, reference = subject.samples, subject.reference
    try:
        other = reference.sample(subject)
        positions, failure = other.positions_angstrom, other.failure
    except EvaluationRefusedError as refusal:
        positions, failure = own.positions_angstrom[:0], f"it refused a geometry ({refusal})"
    return Record(
        reference=reference.spec,
        model_positions_angstrom=own.positions_angstrom,
        reference_positions_angstrom=positions,
        model_failure=own.failure,
        reference_failure=failure,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the distributions h(r) of the distances of all pairs of atoms, ∫ h dr = 1.

    MAE = ∫ |h(r) − h_ref(r)| dr (Fu et al., "Forces are not enough", TMLR 2023), at most 2.  The
    two halves of one run differ by noise alone; two whole runs differ by 1/√2 of that.  PASS needs
    MAE and noise below the limit ``mae`` (ratio), as noise can only add to the mean of an absolute
    value; FAIL needs MAE less noise above it.
    """
    if unusable := _unusable(record):
        return unusable
    samples = record.model_positions_angstrom, record.reference_positions_angstrom
    distances = [pair_distances(one) for one in samples]
    bins = 1 + int(max(found.max() for found in distances) / BIN_ANGSTROM)
    model, reference = (distance_density(found, bins=bins) for found in distances)
    mae = _difference(model, reference)
    halves = [
        _difference(*(distance_density(half, bins=bins) for half in np.array_split(found, 2)))
        for found in distances
    ]
    noise, limit = max(halves) / np.sqrt(2.0), limits["mae"].value
    if max(mae, noise) <= limit:
        status = Status.PASS
    else:
        status = Status.FAIL if mae - noise > limit else Status.INCONCLUSIVE
    return Judgement(
        status,
        f"the distribution of interatomic distances differs from that of a run of "
        f"{short_name(record.reference)} by {mae:.3g} ± {noise:.2g} (limit {limit:g}; 2 at most)",
        value=mae,
        threshold=limit,
        evidence={
            "reference": record.reference,
            "detection_limit": noise,
            "distances_angstrom": (np.arange(bins) + 0.5) * BIN_ANGSTROM,
            "model_density_per_angstrom": model,
            "reference_density_per_angstrom": reference,
        },
    )


def _unusable(record: Record) -> Judgement | None:
    """Return why the samples cannot be compared; None where they can."""
    model, ideal = record.model_positions_angstrom, record.reference_positions_angstrom
    for name, placed, failure, status in (
        ("the potential", model, record.model_failure, Status.FAIL),
        (short_name(record.reference), ideal, record.reference_failure, Status.INCONCLUSIVE),
    ):
        if failure:
            return Judgement(status, f"the Langevin run of {name} failed: {failure}")
        if not np.isfinite(placed).all():
            return Judgement(status, f"positions in the samples of {name} are not finite")
    if min(len(model), len(ideal)) < FEWEST_SAMPLES:
        return inconclusive(
            f"there are {len(model)} samples of the potential and {len(ideal)} of "
            f"{short_name(record.reference)}; both need at least {FEWEST_SAMPLES}"
        )
    return None


def pair_distances(positions_angstrom: np.ndarray) -> np.ndarray:
    """Return the distances of all pairs of atoms, (S, N (N − 1) / 2), Å, of positions (S, N, 3)."""
    first, second = np.triu_indices(positions_angstrom.shape[1], k=1)
    return np.linalg.norm(positions_angstrom[:, first] - positions_angstrom[:, second], axis=-1)


def distance_density(distances_angstrom: np.ndarray, *, bins: int) -> np.ndarray:
    """Return the distribution of distances, 1/Å, in bins of 0.05 Å from 0 Å, with integral 1."""
    end_angstrom = bins * BIN_ANGSTROM
    return np.histogram(distances_angstrom, bins, range=(0.0, end_angstrom), density=True)[0]


def _difference(density: np.ndarray, other: np.ndarray) -> float:
    return float(np.sum(np.abs(density - other)) * BIN_ANGSTROM)


CHECK = Check(
    id="distribution",
    group="accuracy",
    question="Do interatomic distances have the distribution of the reference's own dynamics?",
    formula="∫ |h(r) − h_ref(r)| dr, h(r) the distribution of all interatomic distances",
    limits={"mae": "ratio"},
    source="Fu et al. 2023, Forces are not enough (MDsim); the limit is our choice: at 0.2, one "
    "distance in ten is where the reference has none",
    consequence="The molecule has other shapes, or in other proportions, than with the reference: "
    "averages over the trajectory are wrong even where force errors are small.",
    remedy="The evidence shows at which distances the two differ: add such geometries, labelled "
    "by the reference, to the training data.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "samples", "reference"),
)
