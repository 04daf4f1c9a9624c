import numpy as np
import pytest

from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation.nvt import equilibrate
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2


def _exhausted(generator):
    """All that a generator yields, and what it returns."""
    yielded = []
    while True:
        try:
            yielded.append(next(generator))
        except StopIteration as end:
            return yielded, end.value


def _equilibrated(system, molecule, job, platform, start):
    return _exhausted(
        equilibrate(system, molecule, job, platform=platform, start_positions_angstrom=start)
    )


def test_reaches_its_temperature(water_system, water, water_minimum, reference, job):
    kinetic, potential = [], []
    for seed in range(60):
        _, (positions, velocities) = _equilibrated(
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


def test_the_same_seed_gives_the_same_bits(water_system, water, water_minimum, platform, job):
    runs = [
        _equilibrated(water_system, water, job(seed=seed), platform, water_minimum)[1]
        for seed in (3, 3, 4)
    ]
    assert all((a == b).all() for a, b in zip(runs[0], runs[1], strict=True))
    assert (runs[0][0] != runs[2][0]).any()


def test_left_out_it_only_draws_velocities(water_system, water, water_minimum, reference, job):
    yielded, (positions, velocities) = _equilibrated(
        water_system, water, job(equilibration_ps=0.0), reference, water_minimum
    )
    assert yielded == []
    np.testing.assert_allclose(positions, water_minimum, atol=1e-12)
    assert np.abs(velocities).min() > 0.0


def test_progress_ends_at_its_length(water_system, water, water_minimum, reference, job):
    yielded, _ = _equilibrated(water_system, water, job(), reference, water_minimum)
    assert yielded == list(range(20, 201, 20))


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
