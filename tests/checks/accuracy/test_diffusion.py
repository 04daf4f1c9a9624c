"""D of Brownian motion is the one it was made with, whatever the whole box does."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.diffusion import CHECK, coefficients
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import Skipped
from openmm_mlff.storage.runs import RunCondition

D_ANGSTROM2_PER_PS = 0.25
BOX_ANGSTROM = 20.0


@pytest.fixture(scope="module")
def hydrogen() -> MolecularSystem:
    """Return 125 hydrogen molecules, and one atom of argon."""
    grid = BOX_ANGSTROM / 5.0 * np.stack(np.unravel_index(np.arange(125), (5, 5, 5)), axis=1)
    pairs = np.stack([grid, grid + np.array([0.74, 0.0, 0.0])], axis=1).reshape(-1, 3)
    return MolecularSystem(
        "hydrogen",
        np.append(np.ones(250, dtype=int), 18),
        np.concatenate([pairs, [[1.7, 1.7, 1.7]]]),
        bonds=tuple((2 * k, 2 * k + 1) for k in range(125)),
        cell_angstrom=BOX_ANGSTROM * np.eye(3),
    )


@pytest.fixture
def brownian(with_frames, hydrogen):
    """Make a subject whose molecules diffuse with a known D and rotate, in a box that drifts."""

    def make(*, duration_ps=100.0, seed=0, drift=5.0, frames=1000):
        rng = np.random.default_rng(seed)
        interval_ps = duration_ps / frames
        steps = rng.normal(
            scale=np.sqrt(2.0 * D_ANGSTROM2_PER_PS * interval_ps), size=(frames, 126, 3)
        )
        centres = np.cumsum(steps, axis=0) + drift * interval_ps * np.arange(frames)[:, None, None]
        axes = 0.37 * rng.normal(size=(frames, 125, 1, 3)) * [[1.0], [-1.0]]
        molecules = (centres[:, :125, None] + axes).reshape(frames, 250, 3)
        positions = np.concatenate([molecules, centres[:, 125:]], axis=1)
        subject = with_frames(hydrogen, positions, interval_ps=interval_ps)
        return subject.at(RunCondition("nve", 300.0, 0.5))

    return make


@pytest.fixture
def limits(protocols):
    """Return the limits of the standard protocol with other values."""

    def make(**values):
        found = dict(protocols["standard"].limits_for(CHECK.id))
        return found | {
            name: found[name].model_copy(update={"value": value}) for name, value in values.items()
        }

    return make


def test_brownian_motion_has_its_coefficient_within_the_interval(brownian):
    errors = []
    for seed in range(3):
        found, widths = coefficients(CHECK.measure(brownian(seed=seed)))
        assert widths[0] < 0.15 * D_ANGSTROM2_PER_PS
        errors.append(abs(found[0] - D_ANGSTROM2_PER_PS) / widths[0])
    assert np.median(errors) < 1.0
    assert max(errors) < 3.0


def test_the_motion_of_the_whole_box_is_removed_and_species_are_apart(brownian):
    still, drifting = (CHECK.measure(brownian(drift=drift)) for drift in (0.0, 50.0))
    np.testing.assert_allclose(drifting.msd, still.msd, rtol=1e-6)
    assert still.species == ("H2", "Ar")
    _, (many, one) = coefficients(still)
    assert one > 3.0 * many


@pytest.mark.parametrize(
    ("values", "duration_ps", "status"),
    [
        ({}, 100.0, Status.SKIPPED),
        ({"expected": 0.25}, 100.0, Status.PASS),
        ({"expected": 0.5}, 100.0, Status.FAIL),
        ({"expected": 0.25}, 50.0, Status.INCONCLUSIVE),
        # The correction for 20 Å at 1 mPa·s and 300 K is 0.031 Å²/ps.
        ({"expected": 0.281, "viscosity": 1.0, "deviation": 0.1}, 100.0, Status.PASS),
    ],
)
def test_the_published_value_decides_if_it_is_named(brownian, limits, values, duration_ps, status):
    record = CHECK.measure(brownian(duration_ps=duration_ps))
    judgement = CHECK.judge(record, limits(**values))
    assert judgement.status is status
    assert judgement.evidence["coefficients_angstrom2_per_ps"]["H2"] == pytest.approx(0.25, rel=0.1)
    correction = judgement.evidence["correction_angstrom2_per_ps_at_1_millipascal_second"]
    assert correction == pytest.approx(0.0312, rel=0.01)
    assert len(CHECK.plots(record, {})[0].panels[0].marks) == 4


def test_what_cannot_diffuse_is_named(with_frames, hydrogen, brownian, limits):
    few = CHECK.measure(brownian(frames=40))
    assert CHECK.judge(few, limits()).status is Status.INCONCLUSIVE
    assert not CHECK.plots(few, limits())
    subject = with_frames(hydrogen, hydrogen.positions_angstrom[None])
    subject._measured["trajectories"] = ()
    assert isinstance(CHECK.measure(subject), Skipped)
