import numpy as np
import openmm
import pytest
from openmm import app

from openmm_mlff.errors import MoleculeError, SimulationError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import StabilityReporter, UnstableError


def _hydrogen_chloride(expression):
    """Make a Simulation of HCl with any force along the bond; r in nm."""
    system = openmm.System()
    for mass in (35.45, 1.008):
        system.addParticle(mass)
    force = openmm.CustomBondForce(expression)
    force.addBond(0, 1, [])
    system.addForce(force)
    topology = app.Topology()
    residue = topology.addResidue("HCL", topology.addChain())
    for name, symbol in (("CL1", "Cl"), ("H2", "H")):
        topology.addAtom(name, app.Element.getBySymbol(symbol), residue)
    simulation = app.Simulation(
        topology,
        system,
        openmm.VerletIntegrator(0.0005),
        openmm.Platform.getPlatformByName("Reference"),
    )
    simulation.context.setPositions([[0.0, 0.0, 0.0], [0.1275, 0.0, 0.0]])
    return simulation


def _molecule():
    return MolecularSystem(
        name="hydrogen chloride",
        atomic_numbers=np.array([17, 1]),
        positions_angstrom=np.array([[0.0, 0.0, 0.0], [1.275, 0.0, 0.0]]),
    )


def _stopped(simulation, reporter):
    simulation.reporters.append(reporter)
    with pytest.raises(UnstableError) as raised:
        simulation.step(2000)
    return raised.value


@pytest.mark.parametrize("from_topology", [True, False])
def test_a_bond_that_is_torn_is_named_with_its_time(from_topology):
    simulation = _hydrogen_chloride("-2000*r")
    source = simulation.topology if from_topology else _molecule()
    error = _stopped(simulation, StabilityReporter(10, source))
    assert isinstance(error, SimulationError)
    assert error.kind == "unstable"
    assert error.atoms == (0, 1)
    # A constant force moves the atoms apart by a t²/2: 0.5 r₀ at 8 steps of 10.
    reduced = 35.45 * 1.008 / 36.458
    torn_at_ps = np.sqrt(2.0 * 0.5 * 0.1275 * reduced / 2000.0)
    assert torn_at_ps <= error.time_ps <= torn_at_ps + 0.006
    assert error.time_ps == pytest.approx(error.step * 0.0005)
    assert str(error).startswith(f"at {error.time_ps:.4f} ps (step {error.step}): bond Cl1–H2 is")
    assert "\n" not in str(error)


def test_a_healthy_molecule_is_left_alone(oscillator):
    simulation = oscillator.simulation()
    simulation.reporters.append(StabilityReporter(5, simulation.topology))
    simulation.step(1000)
    assert simulation.currentStep == 1000


def test_not_a_number_is_caught():
    error = _stopped(
        _hydrogen_chloride("-2000*r + sqrt(0.135-r)"),
        StabilityReporter(1, _molecule()),
    )
    assert "is not a number" in str(error)
    assert error.step > 1


def test_an_energy_that_is_no_number_is_caught():
    simulation = _hydrogen_chloride("0*r")
    constant = openmm.CustomExternalForce("log(0.1271-x)*step(x-0.12)")
    constant.addParticle(1)
    simulation.system.addForce(constant)
    simulation.context.reinitialize(preserveState=True)
    error = _stopped(simulation, StabilityReporter(1, _molecule()))
    assert "is not a number" in str(error)


def test_a_force_beyond_reason_is_caught():
    error = _stopped(_hydrogen_chloride("-99000*r"), StabilityReporter(1, _molecule()))
    assert "eV/Å; expected less than 100" in str(error)
    assert error.step == 1


def test_a_hot_run_is_caught_only_where_the_target_is_known(oscillator):
    hot = type(oscillator)(stretch_nm=0.0, velocity_nm_per_ps=18.0)
    unaware = hot.simulation()
    unaware.reporters.append(StabilityReporter(1, unaware.topology))
    unaware.step(2)
    simulation = hot.simulation()
    error = _stopped(
        simulation, StabilityReporter(1, simulation.topology, temperature_kelvin=300.0)
    )
    assert "temperature is" in str(error)
    assert "expected less than 3000 K" in str(error)


def test_the_temperature_of_one_degree_of_freedom_is_not_trusted(oscillator):
    # 5 kT in one degree of freedom would be 3070 K, and is nothing unusual.
    warm = type(oscillator)(stretch_nm=0.0, velocity_nm_per_ps=5.1)
    simulation = warm.simulation()
    simulation.reporters.append(
        StabilityReporter(1, simulation.topology, temperature_kelvin=300.0, n_degrees_of_freedom=1)
    )
    simulation.step(200)
    assert simulation.currentStep == 200


def test_a_start_that_is_given_counts(oscillator):
    simulation = oscillator.simulation()
    far = np.array([[0.0, 0.0, 0.0], [1.9, 0.0, 0.0]])
    molecule = MolecularSystem(
        name="HCl",
        atomic_numbers=np.array([17, 1]),
        positions_angstrom=np.array([[0.0, 0.0, 0.0], [1.275, 0.0, 0.0]]),
    )
    error = _stopped(simulation, StabilityReporter(1, molecule, positions_angstrom=far))
    assert "its start (1.900 Å)" in str(error)


def test_particles_without_an_element_are_refused():
    topology = app.Topology()
    residue = topology.addResidue("X", topology.addChain())
    topology.addAtom("EP", None, residue)
    with pytest.raises(MoleculeError, match=r"particle 0 \(EP\) of the topology has no element"):
        StabilityReporter(10, topology)
