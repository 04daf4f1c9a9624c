import openmm
import pytest

from openmm_mlff.reporters import StabilityReporter, UnstableError
from openmm_mlff.simulation import make_simulation
from openmm_mlff.simulation.stepping import block_steps, step_watched


@pytest.mark.parametrize(
    ("n_steps", "interval", "expected"),
    [
        (20_000, 10, 500),
        (2_000, 10, 200),
        (100, 10, 10),
        (5, 10, 10),
        (0, 10, 10),
        (20_000, 7, 504),
        (100_000_000, 10, 100_000),
    ],
)
def test_blocks_are_few_in_long_runs_and_ten_in_short_ones(n_steps, interval, expected):
    assert block_steps(n_steps, interval=interval) == expected


def _simulation(bonded_by, molecule, platform, expression):
    return make_simulation(
        bonded_by(expression),
        molecule,
        openmm.VerletIntegrator(0.0005),
        platform=platform,
        positions_angstrom=molecule.positions_angstrom,
    )


def test_openmms_not_a_number_becomes_a_failure(bonded_by, hydrogen_chloride, platform):
    # On the CPU platform OpenMM itself complains, at once; on Reference the reporter finds it.
    simulation = _simulation(bonded_by, hydrogen_chloride, platform, "-2000*r + sqrt(0.13-r)")
    simulation.reporters.append(StabilityReporter(50, hydrogen_chloride))
    with pytest.raises(UnstableError) as raised:
        step_watched(simulation, 100)
    assert raised.value.atoms == (0, 1)
    if platform.name == "CPU":
        assert 1 <= raised.value.step < 50
        assert "2 atoms are not numbers (OpenMM: Particle coordinate is NaN.)" in str(raised.value)
    else:
        assert raised.value.step == 50
        assert "position of Cl1–H2 is not a number" in str(raised.value)
    assert raised.value.time_ps == pytest.approx(0.0005 * raised.value.step)


def test_other_complaints_stay_what_they_are(bonded_by, hydrogen_chloride, reference, monkeypatch):
    simulation = _simulation(bonded_by, hydrogen_chloride, reference, "1e5*(r-0.1275)^2")

    def broken(_steps):
        raise openmm.OpenMMException("the model file is damaged")

    monkeypatch.setattr(simulation, "step", broken)
    with pytest.raises(openmm.OpenMMException, match="damaged"):
        step_watched(simulation, 1)
