import numpy as np
import pytest

from openmm_mlff.checks.accuracy.distribution import distance_density, distribution, pair_distances
from openmm_mlff.config import Threshold
from openmm_mlff.observations import Observations, ProbeObservations
from openmm_mlff.records import Status

LIMITS = {"mae": Threshold(value=0.2, unit="ratio", source="test")}

SETTINGS = {
    "temperature_kelvin": 300.0,
    "timestep_fs": 1.0,
    "friction_per_ps": 10.0,
    "equilibration_ps": 0.5,
    "duration_ps": 4.0,
}


def swinging(system, *, seed, samples=1600, scale=1.0, width_angstrom=0.1):
    noise = np.random.default_rng(seed).normal(
        scale=width_angstrom, size=(samples, system.n_atoms, 3)
    )
    return scale * system.positions_angstrom + noise


@pytest.fixture
def judge(water):
    def call(model, ideal, *, own=None, **data):
        probes = {
            "kinetic_distribution": ProbeObservations(
                "kinetic_distribution",
                "done",
                data=SETTINGS | (own or {}),
                arrays={} if model is None else {"positions_angstrom": model},
            ),
            "distribution": ProbeObservations(
                "distribution",
                "done",
                data=SETTINGS | {"reference": "ase:xtb", "failure": ""} | data,
                arrays={} if ideal is None else {"positions_angstrom": ideal},
            ),
        }
        return distribution(Observations(system=water, probes=probes), LIMITS)

    return call


def test_the_distances_of_a_triangle():
    triangle = np.array([[[0.0, 0, 0], [3, 0, 0], [0, 4, 0]]])
    np.testing.assert_allclose(pair_distances(triangle), [[3.0, 4.0, 5.0]])


def test_a_density_integrates_to_one_and_sits_where_the_distances_are():
    density = distance_density(np.array([0.07, 0.08, 0.11, 0.49]), bins=10)
    assert density.sum() * 0.05 == pytest.approx(1.0)
    np.testing.assert_allclose(density[[1, 2, 9]], [10.0, 5.0, 5.0])


def test_two_runs_of_one_potential_pass(judge, water):
    result = judge(swinging(water, seed=1), swinging(water, seed=2))
    assert result.status is Status.PASS
    # Noise alone: what two runs differ by is what the halves of one differ by, over √2.
    assert result.value == pytest.approx(result.evidence["detection_limit"], rel=0.35)


def test_bonds_elsewhere_differ_by_twice_the_share_of_the_distances(judge, water):
    ideal = np.repeat(water.positions_angstrom[None], 40, axis=0)
    model = ideal.copy()
    bond = model[0, 1] - model[0, 0]
    # In half of the samples one hydrogen stands 1 Å farther off: two of six distances moved.
    model[::2, 1] += bond / np.linalg.norm(bond)
    result = judge(model, ideal)
    assert result.value == pytest.approx(2.0 * 2 / 6)
    assert result.evidence["detection_limit"] == pytest.approx(0.0)
    assert result.status is Status.FAIL


def test_another_molecule_has_no_distance_in_common(judge, water):
    far = swinging(water, seed=1, scale=5.0, width_angstrom=0.01)
    result = judge(far, swinging(water, seed=2, width_angstrom=0.01))
    assert result.value == pytest.approx(2.0)
    assert result.status is Status.FAIL


def test_halves_that_differ_are_too_noisy_to_judge_by(judge, water):
    model = np.concatenate(
        [swinging(water, seed=1, samples=400), swinging(water, seed=2, samples=400, scale=1.3)]
    )
    result = judge(model, model.copy())
    assert result.status is Status.INCONCLUSIVE
    assert result.value == pytest.approx(0.0)
    assert "too noisy" in result.message


def test_few_samples_decide_nothing(judge, water):
    assert judge(swinging(water, seed=1, samples=19), swinging(water, seed=2)).status is (
        Status.INCONCLUSIVE
    )


def test_a_reference_whose_run_broke_decides_nothing(judge, water):
    result = judge(swinging(water, seed=1), None, failure="SCF not converged.")
    assert result.status is Status.INCONCLUSIVE
    assert "SCF not converged" in result.message


def test_a_potential_whose_run_broke_fails(judge, water):
    result = judge(None, swinging(water, seed=1), own={"failure": "the bond O0–H1 broke"})
    assert result.status is Status.FAIL
    assert "the bond O0–H1 broke" in result.message


def test_runs_that_were_not_made_alike_decide_nothing(judge, water):
    result = judge(swinging(water, seed=1), swinging(water, seed=2), temperature_kelvin=310.0)
    assert result.status is Status.INCONCLUSIVE
    assert "differ in temperature_kelvin" in result.message


def test_positions_that_are_not_numbers_never_pass(judge, water):
    fine, broken = swinging(water, seed=1), swinging(water, seed=2)
    broken[7, 1, 1] = np.nan
    assert judge(broken, fine).status is Status.FAIL
    assert judge(fine, broken).status is Status.INCONCLUSIVE


def test_without_its_own_probe_it_never_passes(probe_refusals, water):
    found = probe_refusals(distribution, system=water, name="kinetic_distribution", limits=LIMITS)
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]


@pytest.mark.parametrize(
    ("status", "expected"), [("skipped", Status.SKIPPED), ("error", Status.ERROR)]
)
def test_without_the_references_samples_it_never_passes(water, status, expected):
    own = ProbeObservations(
        "kinetic_distribution", "done", arrays={"positions_angstrom": swinging(water, seed=1)}
    )
    probes = {"kinetic_distribution": own}
    assert distribution(Observations(water, probes=probes), LIMITS).status is Status.SKIPPED
    probes["distribution"] = ProbeObservations("distribution", status, reason="no reference")
    assert distribution(Observations(water, probes=probes), LIMITS).status is expected
