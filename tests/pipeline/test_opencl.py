"""The code path of a GPU, without one: OpenCL on the processor, in single and mixed precision."""

import numpy as np
import openmm
import pytest
from openmm.app import Simulation

import openmm_mlff as mlff
from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.reporters import ConservationReporter, StabilityReporter
from openmm_mlff.results import Status
from openmm_mlff.simulation import named_platform, openmm_topology
from openmm_mlff.simulation.platforms import usable_platforms

BAD = {Status.FAIL, Status.ERROR}


def has_device():
    """Whether a Context can be created with OpenCL."""
    water, system = mlff.load_system("water"), openmm.System()
    for mass in water.masses_amu:
        system.addParticle(mass)
    return "OpenCL" in {one.name for one in usable_platforms(system, water.positions_angstrom)}


pytestmark = [
    pytest.mark.opencl,
    pytest.mark.skipif(not has_device(), reason="OpenMM finds no OpenCL device"),
]


@pytest.fixture
def student():
    return mlff.load_potential("student:tiny")


@pytest.mark.parametrize("precision", ["single", "mixed", "double"])
def test_forces_are_those_of_the_model(student, precision):
    water = mlff.load_system("water")
    placed = water.positions_angstrom + np.random.default_rng(0).normal(0.0, 0.05, (4, 3, 3))
    found = evaluate_in_openmm(
        student.create_system(water, precision=precision),
        water,
        placed,
        platform=named_platform("OpenCL", precision=precision),
    )
    expected = student.evaluate(water, placed, precision=precision)
    largest = 1e-8 if precision == "double" else 1e-4
    np.testing.assert_allclose(
        found.forces_ev_per_angstrom, expected.forces_ev_per_angstrom, rtol=0.0, atol=largest
    )
    np.testing.assert_allclose(found.energies_ev, expected.energies_ev, rtol=0.0, atol=largest)


@pytest.mark.parametrize("precision", ["single", "mixed"])
def test_reporters_write_a_run_that_conserves_energy(student, tmp_path, precision):
    water, path = mlff.load_system("water"), tmp_path / "energies.csv"
    platform = named_platform("OpenCL", precision=precision)
    simulation = Simulation(
        openmm_topology(water),
        student.create_system(water, precision=precision),
        openmm.VerletIntegrator(0.00025),
        openmm.Platform.getPlatformByName("OpenCL"),
        dict(platform.properties),
    )
    simulation.context.setPositions(water.positions_angstrom / 10.0)
    simulation.context.setVelocitiesToTemperature(300.0, 1)
    simulation.reporters.append(ConservationReporter(path, 10))
    simulation.reporters.append(StabilityReporter(10, water))
    simulation.step(400)
    total_ev = np.genfromtxt(path, delimiter=",", names=True)["total_eV"]
    assert len(total_ev) == 40
    # The error of Verlet at a quarter of a femtosecond: a hundredth of kT.
    assert np.ptp(total_ev) < 0.01 * 0.02585 * water.n_atoms


@pytest.mark.parametrize("precision", ["single", "mixed"])
def test_a_validation_with_replicas_finds_no_fault(short_protocol, tmp_path, precision):
    report = mlff.validate(
        "student:tiny",
        systems="water",
        protocol=short_protocol,
        platform="OpenCL",
        precision=precision,
        output=tmp_path / "run",
    )
    assert not [result.message for result in report.checks if result.status in BAD]
    assert report.verdict.scope.platform == "OpenCL"


def test_a_run_is_resumed_there(brief_protocol, tmp_path):
    def validated(*required, resume):
        return mlff.validate(
            "student:tiny",
            systems="water",
            protocol=brief_protocol(*required),
            platform="OpenCL",
            output=tmp_path / "run",
            resume=resume,
        )

    first = validated("stability", resume=False)
    energies = next((tmp_path / "run").rglob("energies.csv"))
    rows = energies.read_bytes()
    second = validated("stability", "energy_drift", "openmm_parity", resume=True)
    assert energies.read_bytes() == rows
    assert second.checks["stability"] == first.checks["stability"]
    assert second.checks["openmm_parity"][0].status is Status.PASS
