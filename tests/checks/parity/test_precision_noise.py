import numpy as np
import pytest

from openmm_mlff.checks.parity.precision_noise import precision_noise, roughness
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.records import Status


@pytest.fixture
def judge(water, with_probe, criteria):
    def call(data, **arrays):
        observations = with_probe(water, name="precision_noise", data=data, arrays=arrays)
        return precision_noise(observations, criteria("precision_noise"))

    return call


@pytest.fixture
def judge_pair(judge):
    def call(*, noise, energy_ev=0.0):
        rng = np.random.default_rng(1)
        forces = rng.normal(size=(50, 3, 3))
        energies_ev = rng.normal(size=50)
        return judge(
            {"method": "float32-float64"},
            forces_double=forces,
            forces_single=forces + noise * rng.normal(size=forces.shape),
            energies_double_ev=energies_ev,
            energies_single_ev=energies_ev + energy_ev,
        )

    return call


@pytest.mark.parametrize(("noise", "status"), [(4e-3, Status.PASS), (6e-3, Status.FAIL)])
def test_the_root_mean_square_between_precisions_is_found(judge_pair, noise, status):
    result = judge_pair(noise=noise)
    assert result.status is status
    # 450 components tell a standard deviation to 3.3 %.
    assert result.value == pytest.approx(noise, rel=0.1)


@pytest.mark.parametrize("fault", [{"noise": np.nan}, {"noise": 0.0, "energy_ev": np.inf}])
def test_a_number_that_is_not_finite_fails(judge_pair, fault):
    assert judge_pair(**fault).status is Status.FAIL


def line(points=41, *, noise_ev=0.0):
    """A Morse potential along a fine line, with noise."""
    x = 1e-5 * (np.arange(points) - points // 2) + 0.05
    smooth = 4.5 * (1 - np.exp(-2.0 * x)) ** 2 - 140.0
    return smooth + noise_ev * np.random.default_rng(1).normal(size=points)


@pytest.mark.parametrize("points", [21, 41, 400, 4000])
def test_of_a_smooth_line_only_the_cubic_term_of_a_block_is_left(points):
    # Its third derivative is at most 6 D a³ = 216 eV/Å³, and a block reaches 2e-4 Å either way.
    assert roughness(line(points)) < 216.0 / 6.0 * 2e-4**3


@pytest.mark.parametrize("points", [400, 4000])
def test_planted_roughness_is_found(points):
    assert roughness(line(points, noise_ev=1e-5)) == pytest.approx(1e-5, rel=0.1)


@pytest.mark.parametrize("energies_ev", [np.zeros(3), np.array([0.0, 0.0, np.nan, 0.0, 0.0])])
def test_roughness_of_too_little_is_unknown(energies_ev):
    assert np.isnan(roughness(energies_ev))


@pytest.mark.parametrize(
    ("noise_ev", "status"), [(0.0, Status.PASS), (1e-6, Status.PASS), (1e-4, Status.FAIL)]
)
def test_roughness_becomes_a_force_over_the_length_of_a_step(judge, noise_ev, status):
    data = {"method": "line", "line_step_angstrom": 1e-5}
    result = judge(data, line_energies_ev=line(4000, noise_ev=noise_ev))
    assert result.status is status
    assert result.value == pytest.approx(np.sqrt(2) * noise_ev / 0.01, rel=0.1, abs=1e-8)
    assert result.evidence["energy_noise_ev"] == pytest.approx(noise_ev, rel=0.1, abs=1e-10)


def test_a_line_that_is_not_finite_fails(judge):
    data = {"method": "line", "line_step_angstrom": 1e-5}
    assert judge(data, line_energies_ev=np.full(41, np.nan)).status is Status.FAIL


def test_an_unknown_method_is_refused(judge):
    with pytest.raises(RunDirectoryError, match="'guess'"):
        judge({"method": "guess"})


def test_without_its_probe_it_never_passes(probe_refusals, water, criteria):
    found = probe_refusals(
        precision_noise, system=water, name="precision_noise", limits=criteria("precision_noise")
    )
    assert [result.status for result in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]


def test_coarse_rounding_that_a_short_line_does_not_see_fails(water, with_probe, criteria):
    place = 1e-3 * (np.arange(41) - 20)
    smooth = -10.0 + 25.0 * place**2 - 40.0 * place**3

    def judge(wide):
        probe = {"line_energies_ev": np.full(41, -10.0), "wide_line_energies_ev": wide}
        data = {"method": "line", "line_step_angstrom": 1e-5}
        observations = with_probe(water, name="precision_noise", data=data, arrays=probe)
        return precision_noise(observations, criteria("precision_noise"))

    assert judge(smooth).status is Status.PASS
    # At -10 eV float16 has steps of 8 meV.
    assert judge(smooth.astype(np.float16).astype(float)).status is Status.FAIL
    assert judge(np.full(41, np.nan)).status is Status.FAIL
