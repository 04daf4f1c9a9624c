import numpy as np
import pytest

from openmm_mlff.checks.accuracy.force_accuracy import angles_degrees, force_accuracy
from openmm_mlff.records import Status

FRAMES = 100


@pytest.fixture
def judge(water, with_probe, criteria):
    def call(error, *, frames=FRAMES, requested=FRAMES):
        reference = np.random.default_rng(1).normal(size=(frames, 3, 3))
        model = reference + error(reference)
        arrays = {
            "model_forces": model,
            "reference_forces": reference,
            "model_energies_ev": np.zeros(frames),
            "reference_energies_ev": np.zeros(frames),
        }
        data = {"reference": "ase:xtb", "run": "nve", "refused": 0, "requested": requested}
        observations = with_probe(water, name="reference", data=data, arrays=arrays)
        return force_accuracy(observations, criteria("force_accuracy"))

    return call


def noise(sigma):
    return lambda forces: sigma * np.random.default_rng(2).normal(size=forces.shape)


def test_the_reference_itself_is_exact(judge):
    result = judge(np.zeros_like)
    assert result.status is Status.PASS
    assert result.value == 0.0
    assert result.evidence["r2"] == 1.0
    assert result.evidence["angle_median_degrees"] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(("sigma", "status"), [(0.05, Status.PASS), (0.3, Status.FAIL)])
def test_planted_noise_is_found(judge, sigma, status):
    result = judge(noise(sigma))
    assert result.status is status
    # 900 components tell a root mean square to 2.4 %.
    assert result.value == pytest.approx(sigma, rel=0.08)
    evidence = result.evidence
    # Of Gaussian noise the mean magnitude is √(2/π) σ, and R² = 1 − σ² for unit forces.
    assert evidence["mae_ev_per_angstrom"] == pytest.approx(np.sqrt(2 / np.pi) * sigma, rel=0.08)
    assert evidence["r2"] == pytest.approx(1 - sigma**2, abs=0.02)
    assert evidence["others"]["mae"]["ok"] is (status is Status.PASS)
    assert "off by" in result.message
    assert "ase:xtb" in result.message


def test_an_error_within_its_uncertainty_of_the_limit_is_undecided(judge):
    result = judge(noise(0.2))
    assert result.status is Status.INCONCLUSIVE
    assert 0.0 < result.evidence["interval_ev_per_angstrom"] < 0.03


def test_two_frames_decide_nothing(judge):
    assert judge(noise(0.05), frames=2, requested=2).status is Status.INCONCLUSIVE


def test_the_worst_element_and_atom_show(judge):
    def hydrogen_two_only(forces):
        error = np.zeros_like(forces)
        error[:, 2] = 0.6
        return error

    evidence = judge(hydrogen_two_only).evidence
    assert evidence["per_element"] == pytest.approx({"H": 0.6 / np.sqrt(2), "O": 0.0})
    assert evidence["per_atom"] == pytest.approx([0.0, 0.0, 0.6])
    assert len(evidence["per_frame"]) == FRAMES


def test_forces_of_the_wrong_sign_fail_with_their_angle(judge):
    result = judge(lambda forces: -2 * forces)
    assert result.status is Status.FAIL
    assert result.evidence["angle_median_degrees"] == pytest.approx(180.0)
    assert result.evidence["others"]["median_angle"]["ok"] is False


def test_a_rotation_is_its_angle():
    reference = np.random.default_rng(3).normal(size=(20, 3))
    reference[:, 2] = 0.0
    angle = np.radians(25.0)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    found = angles_degrees(reference @ turn.T, reference=reference)
    assert found == pytest.approx(np.full(len(found), 25.0))


def test_forces_near_zero_have_no_angle_and_vanishing_ones_no_direction():
    reference = np.array([[1e-3, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    forces = np.array([[-5.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    assert angles_degrees(forces, reference=reference) == pytest.approx([90.0, 0.0])


def test_without_its_probe_it_never_passes(probe_refusals, water, criteria):
    found = probe_refusals(
        force_accuracy, system=water, name="reference", limits=criteria("force_accuracy")
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
    assert "it has no file" in found[1].message


@pytest.mark.parametrize(
    ("factor", "named"),
    [(4.184, "kJ/mol/Å"), (1.0 / 4.184, "kcal/mol/Å"), (1.3, None)],
)
def test_forces_in_other_units_are_recognised(judge, factor, named):
    result = judge(lambda forces: (factor - 1.0) * forces)
    assert result.status is Status.FAIL
    if named is None:
        assert "taken for" not in result.message
    else:
        assert "as if" in result.message
        assert named in result.message
