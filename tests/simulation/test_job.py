import pytest

from openmm_mlff.errors import ConfigError


def test_counts_steps_and_names_its_folder(job):
    asked = job(duration_ps=1.0, timestep_fs=0.25, equilibration_ps=0.5, replica=2)
    assert asked.n_steps == 4000
    assert asked.n_equilibration_steps == 1000
    assert asked.name == "nve_300K_0.25fs_r2"


def test_equilibration_may_be_left_out(job):
    assert job(equilibration_ps=0.0).n_equilibration_steps == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timestep_fs", 0.0),
        ("duration_ps", -1.0),
        ("temperature_kelvin", float("nan")),
        ("energy_interval_steps", 0),
        ("replica", -1),
        ("equilibration_ps", -0.1),
    ],
)
def test_what_cannot_be_simulated_is_refused(job, name, value):
    with pytest.raises(ConfigError, match=f"{name} is .*; expected"):
        job(**{name: value})


def test_a_duration_below_one_step_is_refused(job):
    with pytest.raises(ConfigError, match=r"expected at least one step of 0\.5 fs"):
        job(duration_ps=1e-4)


def test_seeds_differ_between_seeds_and_replicas_and_are_never_openmms_any(job):
    jobs = [job(seed=seed, replica=replica) for seed in range(20) for replica in range(20)]
    seeds = [asked.random_seeds() for asked in jobs]
    assert len({number for pair in seeds for number in pair}) == 800
    assert all(0 < number < 2**31 for pair in seeds for number in pair)
    assert job(seed=3).random_seeds() == job(seed=3).random_seeds()
