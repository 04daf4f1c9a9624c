import numpy as np
import openmm
import pytest

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation.langevin import LangevinSamples, equilibrate, sample_langevin
from openmm_mlff.units import (
    BOLTZMANN_EV_PER_KELVIN,
    EV_PER_AMU_ANGSTROM2_PER_PS2,
    KJ_PER_MOL_PER_EV,
)

USUAL = {
    "temperature_kelvin": 300.0,
    "timestep_fs": 1.0,
    "friction_per_ps": 10.0,
    "equilibration_ps": 0.1,
    "duration_ps": 0.5,
    "interval_steps": 10,
    "seed": 3,
}


@pytest.fixture
def sampled(water_system, water, water_minimum, reference):
    def sample(**changes):
        asked = USUAL | {"platform": reference, "start_positions_angstrom": water_minimum} | changes
        return sample_langevin(water_system, water, **asked)

    return sample


def test_samples_stand_at_even_times_after_the_equilibration(sampled):
    done = []
    samples = sampled(on_progress=lambda step, total: done.append((step, total)))
    assert samples.positions_angstrom.shape == (50, 3, 3)
    assert samples.velocities_angstrom_per_ps.shape == (50, 3, 3)
    np.testing.assert_allclose(samples.time_ps, 0.01 * np.arange(1, 51))
    assert done[0][0] == 10
    assert done[-1] == (600, 600)


def test_the_same_seed_gives_the_same_bits(sampled):
    first, again, other = sampled(), sampled(), sampled(seed=4)
    np.testing.assert_array_equal(first.positions_angstrom, again.positions_angstrom)
    np.testing.assert_array_equal(
        first.velocities_angstrom_per_ps, again.velocities_angstrom_per_ps
    )
    assert (first.positions_angstrom != other.positions_angstrom).any()


def test_velocities_and_positions_in_a_harmonic_well_are_exact_at_any_timestep(reference):
    # 64 atoms, each on a spring of its own, at a timestep of ω dt = 1: leapfrog's velocities at
    # whole steps would be cold by (ω dt)²/4 = 25 %, position Verlet's positions hot by a third.
    mass, timestep_ps, count = 12.0, 0.01, 64
    stiffness = mass / timestep_ps**2
    well = openmm.CustomExternalForce("0.5*k*((x-x0)^2+(y-y0)^2+(z-z0)^2)")
    well.addGlobalParameter("k", stiffness)
    for name in ("x0", "y0", "z0"):
        well.addPerParticleParameter(name)
    system = openmm.System()
    start = 5.0 * np.stack(np.meshgrid(*[np.arange(4.0)] * 3), axis=-1).reshape(-1, 3)
    for index, position in enumerate(start):
        system.addParticle(mass)
        well.addParticle(index, position / 10.0)
    system.addForce(well)
    carbon = MolecularSystem(
        name="carbon", atomic_numbers=np.full(count, 6), positions_angstrom=start
    )
    samples = sample_langevin(
        system,
        carbon,
        platform=reference,
        start_positions_angstrom=start,
        **USUAL | {"timestep_fs": 10.0, "duration_ps": 20.0, "equilibration_ps": 2.0},
    )
    thermal_ev = BOLTZMANN_EV_PER_KELVIN * 300.0
    kinetic_ev = mass * EV_PER_AMU_ANGSTROM2_PER_PS2 * samples.velocities_angstrom_per_ps**2
    stretch_nm = (samples.positions_angstrom - start) / 10.0
    potential_ev = stiffness / KJ_PER_MOL_PER_EV * stretch_nm**2
    # 64 · 3 coordinates, 200 samples, correlated over some ten steps: 0.7 to 1.5 %.
    assert kinetic_ev.mean() / thermal_ev == pytest.approx(1.0, abs=0.05)
    assert potential_ev.mean() / thermal_ev == pytest.approx(1.0, abs=0.05)


def test_what_breaks_is_raised(bonded_by, hydrogen_chloride, reference):
    with pytest.raises(UnstableError, match="bond Cl1–H2 is"):
        sample_langevin(
            bonded_by("-2000*r"),
            hydrogen_chloride,
            platform=reference,
            start_positions_angstrom=hydrogen_chloride.positions_angstrom,
            **USUAL,
        )


def test_a_duration_without_a_sample_is_refused(sampled):
    with pytest.raises(ConfigError, match="hold no sample every 10 steps"):
        sampled(duration_ps=0.005)


def test_arrays_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="do not belong together"):
        LangevinSamples(np.zeros((2, 3, 3)), np.zeros((2, 3, 3)), np.zeros(3))


def _equilibrated(system, molecule, job, platform, start, **options):
    return equilibrate(
        system, molecule, job, platform=platform, start_positions_angstrom=start, **options
    )


def test_reaches_its_temperature(water_system, water, water_minimum, reference, job):
    kinetic, potential = [], []
    for seed in range(60):
        positions, velocities = _equilibrated(
            water_system, water, job(seed=seed, equilibration_ps=0.3), reference, water_minimum
        )
        kinetic.append(0.5 * (water.masses_amu @ (velocities**2).sum(axis=1)))
        # The two springs: each holds kT/2.
        stretch = np.linalg.norm(positions[1:] - positions[0], axis=1) / 10.0 - 0.096
        potential.append(0.5 * 4.6e5 * (stretch**2).mean())
    thermal_ev = 0.5 * BOLTZMANN_EV_PER_KELVIN * 300.0
    mean = np.mean(kinetic) * EV_PER_AMU_ANGSTROM2_PER_PS2 / 9.0
    # Nine degrees of freedom, 60 runs: 6 % standard deviation; four of them.
    assert mean == pytest.approx(thermal_ev, rel=0.25)
    # Drawn velocities alone would leave nothing in the springs.  13 % standard deviation.
    assert np.mean(potential) / 96.485 == pytest.approx(thermal_ev, rel=0.52)


def test_an_equilibration_of_one_seed_gives_the_same_bits(
    water_system, water, water_minimum, platform, job
):
    runs = [
        _equilibrated(water_system, water, job(seed=seed), platform, water_minimum)
        for seed in (3, 3, 4)
    ]
    assert all((a == b).all() for a, b in zip(runs[0], runs[1], strict=True))
    assert (runs[0][0] != runs[2][0]).any()


def test_left_out_it_only_draws_velocities(water_system, water, water_minimum, reference, job):
    positions, velocities = _equilibrated(
        water_system, water, job(equilibration_ps=0.0), reference, water_minimum
    )
    np.testing.assert_allclose(positions, water_minimum, atol=1e-12)
    assert np.abs(velocities).min() > 0.0


def test_progress_ends_at_its_length(water_system, water, water_minimum, reference, job):
    steps = []
    _equilibrated(water_system, water, job(), reference, water_minimum, on_steps=steps.append)
    assert [count for count in steps if count] == [20] * 10


def test_what_goes_wrong_has_a_negative_time(bonded_by, hydrogen_chloride, reference, job):
    asked = job(equilibration_ps=0.5)
    with pytest.raises(UnstableError) as raised:
        _equilibrated(
            bonded_by("-2000*r"),
            hydrogen_chloride,
            asked,
            reference,
            hydrogen_chloride.positions_angstrom,
        )
    error = raised.value
    assert -0.5 < error.time_ps < -0.4
    assert error.step == pytest.approx(error.time_ps / 0.0005)
    assert error.atoms == (0, 1)
    assert str(error).startswith("in the equilibration before the run, at 0.")
    assert "bond Cl1–H2 is" in str(error)
