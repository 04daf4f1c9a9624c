"""A surface that is too soft or too stiff is found; noise alone is neither."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.softening import Record
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle


@pytest.mark.parametrize(
    ("factor", "status"), [(1.0, Status.PASS), (0.9, Status.FAIL), (1.1, Status.FAIL)]
)
def test_the_factor_is_measured_on_both_kinds(measured, make_subject, scaled, factor, status):
    molecule = load_system("methane")
    oracle = FieldOracle(molecule, seed=0)
    subject = make_subject(scaled(oracle, factor), molecule, reference=oracle)
    result = measured(subject)
    assert (result.status, result.unit, result.threshold) == (status, "ratio", 0.05)
    assert result.value == pytest.approx(abs(factor - 1.0), abs=1e-9)
    slopes = [result.evidence[f"{kind}_slope"] for kind in ("thermal", "displaced")]
    assert slopes == pytest.approx([factor, factor])


def record(*, thermal=1.0, displaced=1.0, noise=0.0, requested=100, squares=None, **changes):
    """Frames whose forces have a factor, with noise of the factor from frame to frame."""
    rng = np.random.default_rng(1)
    sizes = rng.uniform(1.0, 3.0, size=100) if squares is None else squares
    fields = {
        "thermal_products": (thermal + noise * rng.normal(size=len(sizes))) * sizes,
        "thermal_squares": sizes,
        "displaced_products": displaced * np.ones(20),
        "displaced_squares": np.ones(20),
    }
    return Record(
        reference="ase:xtb", frames_of="its own runs", requested=requested, **(fields | changes)
    )


NONE, LOST = np.empty(0), np.full(5, np.nan)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"thermal": 0.96, "displaced": 1.04}, Status.PASS),
        ({"thermal": 0.94}, Status.FAIL),
        ({"displaced": 1.06}, Status.FAIL),
        # 100 frames determine a mean with noise of 0.1 to 0.01: 0.02 at 95 %.
        ({"noise": 0.1}, Status.PASS),
        ({"noise": 0.1, "thermal": 0.95}, Status.INCONCLUSIVE),
        ({"noise": 0.1, "thermal": 0.9}, Status.FAIL),
        ({"requested": 130}, Status.INCONCLUSIVE),
        ({"displaced_squares": np.append(LOST, np.ones(15))}, Status.INCONCLUSIVE),
        ({"displaced_products": np.append(LOST, np.ones(15))}, Status.FAIL),
        ({"squares": np.zeros(100)}, Status.INCONCLUSIVE),
        # Labelled frames of a file have no displaced geometries.
        ({"displaced_products": NONE, "displaced_squares": NONE}, Status.PASS),
    ],
)
def test_what_decides(decides, changes, status):
    decides(record(**changes), status)


def test_the_interval_covers_the_truth_in_most_seeds(judge):
    truth, misses = 0.97, 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        squares = rng.uniform(1.0, 3.0, size=50)
        products = (truth + 0.1 * rng.normal(size=50)) * squares
        found = judge(
            record(thermal_squares=squares, thermal_products=products, requested=50)
        ).evidence
        misses += abs(found["thermal_slope"] - truth) > found["thermal_interval"]
    assert misses <= 20  # 10 are expected of 200; more than 20 in one case of a thousand
