import numpy as np
import pytest

from openmm_mlff import units
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.probes.parity.trajectory_parity import probe_trajectory_parity, thermal_velocities
from openmm_mlff.simulation.platforms import named_platform


def largest_difference(outcome) -> float:
    arrays = outcome.arrays
    return float(
        np.abs(arrays["openmm_positions_angstrom"] - arrays["ase_positions_angstrom"]).max()
    )


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_openmm_and_ase_follow_one_path(student, subject, platform):
    outcome = probe_trajectory_parity(subject(student, platform=named_platform(platform)))

    assert outcome.data == {"dtype": "float64", "timestep_fs": 0.5, "steps": 50}
    path = outcome.arrays["openmm_positions_angstrom"]
    assert path.shape == outcome.arrays["ase_positions_angstrom"].shape == (50, 3, 3)
    assert np.abs(path[-1] - path[0]).max() > 0.05
    assert largest_difference(outcome) < 1e-6


def test_single_precision_stays_near(student, subject):
    outcome = probe_trajectory_parity(subject(student, precision="single"))

    assert outcome.data["dtype"] == "float32"
    assert largest_difference(outcome) < 1e-3


def test_any_ase_calculator_is_followed(springs, subject):
    assert largest_difference(probe_trajectory_parity(subject(springs()))) < 1e-7


def test_one_percent_more_force_on_one_side_shows(springs, subject):
    sound = springs()

    def stronger(_calls, energy, forces):
        return energy, 1.01 * forces

    class OneSided(AsePotential):
        def ase_calculator(self, *, precision="mixed", device="cpu"):
            return springs(stronger).ase_calculator()

        def create_system(self, molecule, *, precision="mixed"):
            return sound.create_system(molecule, precision=precision)

    wrong = OneSided(sound.calculator_class, {}, spec="ase:test:OneSided")

    assert largest_difference(probe_trajectory_parity(subject(wrong))) > 1e-4


def test_other_masses_in_openmm_show(student, subject):
    class Heavy(StudentPotential):
        def create_system(self, molecule, *, precision="mixed"):
            system = super().create_system(molecule, precision=precision)
            system.setParticleMass(0, 18.0)
            return system

    outcome = probe_trajectory_parity(subject(Heavy(student.student, spec="heavy")))

    assert largest_difference(outcome) > 1e-4


def test_velocities_are_maxwells():
    masses = np.array([1.0, 16.0]).repeat(20000)

    velocities = thermal_velocities(masses, 300.0, seed=2)

    assert velocities.shape == (40000, 3)
    for mass in (1.0, 16.0):
        mean_square = (velocities[masses == mass] ** 2).mean()
        kinetic_ev = 0.5 * mass * mean_square * units.EV_PER_AMU_ANGSTROM2_PER_PS2
        expected_ev = 0.5 * units.BOLTZMANN_EV_PER_KELVIN * 300.0
        assert kinetic_ev == pytest.approx(expected_ev, rel=0.02)
    np.testing.assert_array_equal(velocities, thermal_velocities(masses, 300.0, seed=2))


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("platform_precision", "limit"), [("double", 1e-6), ("mixed", 1e-3), ("single", 1e-3)]
)
def test_cuda_follows_the_same_path(cuda, student, subject, platform_precision, limit):
    platform = named_platform(cuda, precision=platform_precision)

    assert largest_difference(probe_trajectory_parity(subject(student, platform=platform))) < limit
