import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.simulation.job import openmm_seeds


def test_a_job_counts_steps_and_names_its_folder(job):
    asked = job(duration_ps=1.0, timestep_fs=0.25, equilibration_ps=0.5, replica=2)
    assert (asked.n_steps, asked.n_equilibration_steps) == (4000, 1000)
    assert asked.name == "nve_300K_0.25fs_r2"
    assert job(equilibration_ps=0.0).n_equilibration_steps == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("timestep_fs", 0.0, "timestep_fs is .*; expected"),
        ("duration_ps", -1.0, "duration_ps is .*; expected"),
        ("duration_ps", 1e-4, r"expected at least one step of 0\.5 fs"),
        ("temperature_kelvin", float("nan"), "temperature_kelvin is .*; expected"),
        ("energy_interval_steps", 0, "energy_interval_steps is .*; expected"),
        ("replica", -1, "replica is .*; expected"),
        ("equilibration_ps", -0.1, "equilibration_ps is .*; expected"),
    ],
)
def test_impossible_values_are_refused(job, name, value, said):
    with pytest.raises(ConfigError, match=said):
        job(**{name: value})


def test_random_seeds_differ_between_seeds_and_replicas_and_are_positive():
    seeds = [openmm_seeds(seed, replica) for seed in range(20) for replica in range(20)]
    assert len({number for pair in seeds for number in pair}) == 800
    assert all(0 < number < 2**31 for pair in seeds for number in pair)
    assert openmm_seeds(3, 0) == openmm_seeds(3)
