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

from .conftest import BOND_KJ_PER_MOL_NM2, WATER_BOND_NM

USUAL = {
    "temperature_kelvin": 300.0,
    "timestep_fs": 1.0,
    "friction_per_ps": 10.0,
    "equilibration_ps": 0.1,
    "duration_ps": 0.5,
    "interval_steps": 10,
    "seed": 3,
}
THERMAL_EV = BOLTZMANN_EV_PER_KELVIN * 300.0


@pytest.fixture
def sampled(water_system, water, water_minimum, reference):
    def sample(**changes):
        asked = USUAL | {"platform": reference, "start_positions_angstrom": water_minimum} | changes
        return sample_langevin(water_system, water, **asked)

    return sample


def test_samples_are_evenly_spaced_after_the_equilibration_and_reproducible(sampled):
    done = []
    samples = sampled(on_progress=lambda step, total: done.append((step, total)))
    again, other = sampled(), sampled(seed=4)
    np.testing.assert_allclose(samples.time_ps, 0.01 * np.arange(1, 51))
    assert (done[0][0], done[-1]) == (10, (600, 600))
    for name in ("positions_angstrom", "velocities_angstrom_per_ps"):
        values = getattr(samples, name)
        assert values.shape == (50, 3, 3)
        np.testing.assert_array_equal(values, getattr(again, name))
        assert (values != getattr(other, name)).any()


def test_velocities_and_positions_in_a_harmonic_well_are_exact_at_any_timestep(reference):
    # 64 atoms, each in a well of its own, at a timestep of ω dt = 1: velocities of leapfrog at full
    # steps would be too cold by (ω dt)²/4 = 25 %, positions of position Verlet too hot by a third.
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
    samples = sample_langevin(
        system,
        MolecularSystem("carbon", np.full(count, 6), start),
        platform=reference,
        start_positions_angstrom=start,
        **USUAL | {"timestep_fs": 10.0, "duration_ps": 20.0, "equilibration_ps": 2.0},
    )
    kinetic_ev = mass * EV_PER_AMU_ANGSTROM2_PER_PS2 * samples.velocities_angstrom_per_ps**2
    stretch_nm = (samples.positions_angstrom - start) / 10.0
    potential_ev = stiffness / KJ_PER_MOL_PER_EV * stretch_nm**2
    # 64 · 3 coordinates, 200 samples, correlated over about ten steps: 0.7 to 1.5 %.
    assert kinetic_ev.mean() / THERMAL_EV == pytest.approx(1.0, abs=0.05)
    assert potential_ev.mean() / THERMAL_EV == pytest.approx(1.0, abs=0.05)


def test_unstable_runs_impossible_durations_and_arrays_are_refused(
    sampled, bonded_by, hydrogen_chloride, reference
):
    with pytest.raises(UnstableError, match="bond Cl1–H2 is"):
        sample_langevin(
            bonded_by("-2000*r"),
            hydrogen_chloride,
            platform=reference,
            start_positions_angstrom=hydrogen_chloride.positions_angstrom,
            **USUAL,
        )
    with pytest.raises(ConfigError, match="too short for one sample every 10 steps"):
        sampled(duration_ps=0.005)
    with pytest.raises(ValueError, match="are inconsistent"):
        LangevinSamples(np.zeros((2, 3, 3)), np.zeros((2, 3, 3)), np.zeros(3))


@pytest.fixture
def equilibrated(water_system, water, water_minimum, reference):
    def run(job, *, system=water_system, molecule=water, platform=reference, **options):
        start = water_minimum if molecule is water else molecule.positions_angstrom
        return equilibrate(
            system, molecule, job, platform=platform, start_positions_angstrom=start, **options
        )

    return run


def test_an_equilibration_reaches_its_temperature(equilibrated, water, job):
    kinetic, potential = [], []
    for seed in range(40):
        positions, velocities = equilibrated(job(seed=seed, equilibration_ps=0.3))
        kinetic.append(0.5 * (water.masses_amu @ (velocities**2).sum(axis=1)))
        # Each of the two bonds has kT/2.
        stretch = np.linalg.norm(positions[1:] - positions[0], axis=1) / 10.0 - WATER_BOND_NM
        potential.append(0.5 * BOND_KJ_PER_MOL_NM2 * (stretch**2).mean())
    mean = np.mean(kinetic) * EV_PER_AMU_ANGSTROM2_PER_PS2 / 9.0
    # Nine degrees of freedom, 40 runs: 7.5 % standard deviation; four of them.
    assert mean == pytest.approx(0.5 * THERMAL_EV, rel=0.3)
    # Drawn velocities alone would leave the bonds unstretched.  16 % standard deviation.
    potential_ev = np.mean(potential) / KJ_PER_MOL_PER_EV
    assert potential_ev == pytest.approx(0.5 * THERMAL_EV, rel=0.64)


def test_an_equilibration_is_reproducible_counts_its_steps_and_may_be_omitted(
    equilibrated, platform, water_minimum, job
):
    steps = []
    first, again, other = (equilibrated(job(seed=seed), platform=platform) for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert (first[0] != other[0]).any()
    equilibrated(job(), on_steps=steps.append)
    assert [count for count in steps if count] == [20] * 10
    positions, velocities = equilibrated(job(equilibration_ps=0.0))
    np.testing.assert_allclose(positions, water_minimum, atol=1e-12)
    assert np.abs(velocities).min() > 0.0


def test_a_failure_of_the_equilibration_has_a_negative_time(
    equilibrated, bonded_by, hydrogen_chloride, job
):
    with pytest.raises(UnstableError) as raised:
        equilibrated(
            job(equilibration_ps=0.5), system=bonded_by("-2000*r"), molecule=hydrogen_chloride
        )
    error = raised.value
    assert -0.5 < error.time_ps < -0.4
    assert error.step == pytest.approx(error.time_ps / 0.0005)
    assert error.atoms == (0, 1)
    assert str(error).startswith("in the equilibration before the run, at 0.")
    assert "bond Cl1–H2 is" in str(error)
