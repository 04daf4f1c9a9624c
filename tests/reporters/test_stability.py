import numpy as np
import openmm
import pytest
from openmm import app

from openmm_mlff.errors import MoleculeError, SimulationError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import StabilityReporter, UnstableError

from .conftest import simulation_of

MOLECULE = MolecularSystem(
    name="hydrogen chloride",
    atomic_numbers=np.array([17, 1]),
    positions_angstrom=np.array([[0.0, 0.0, 0.0], [1.275, 0.0, 0.0]]),
)


def _hydrogen_chloride(expression, external=None):
    """Make a Simulation of HCl with any energy along the bond, and of the hydrogen; r in nm."""
    system = openmm.System()
    for mass in (35.45, 1.008):
        system.addParticle(mass)
    force = openmm.CustomBondForce(expression)
    force.addBond(0, 1, [])
    system.addForce(force)
    if external is not None:
        field = openmm.CustomExternalForce(external)
        field.addParticle(1)
        system.addForce(field)
    simulation = simulation_of(system, ("Cl", "H"))
    simulation.context.setPositions(MOLECULE.positions_angstrom / 10.0)
    return simulation


def _stopped(simulation, reporter):
    simulation.reporters.append(reporter)
    with pytest.raises(UnstableError) as raised:
        simulation.step(2000)
    return raised.value


@pytest.mark.parametrize("from_topology", [True, False])
def test_a_broken_bond_is_named_with_its_time(from_topology):
    simulation = _hydrogen_chloride("-2000*r")
    source = simulation.topology if from_topology else MOLECULE
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


def test_a_stable_molecule_is_not_stopped(oscillator):
    simulation = oscillator.simulation()
    simulation.reporters.append(StabilityReporter(5, simulation.topology))
    simulation.step(1000)
    assert simulation.currentStep == 1000


@pytest.mark.parametrize(
    ("expression", "external", "said"),
    [
        ("-2000*r + sqrt(0.135-r)", None, "is not finite"),
        ("0*r", "log(0.1271-x)*step(x-0.12)", "is not finite"),
        ("-99000*r", None, "eV/Å; expected less than 100"),
    ],
)
def test_nan_positions_energies_and_excessive_forces_stop_a_run(expression, external, said):
    error = _stopped(_hydrogen_chloride(expression, external), StabilityReporter(1, MOLECULE))
    assert said in str(error)


def test_a_hot_run_is_stopped_only_where_the_target_is_known(oscillator):
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


def test_the_temperature_of_one_degree_of_freedom_is_not_used(oscillator):
    # 5 kT in one degree of freedom would be 3070 K, which is not unusual.
    warm = type(oscillator)(stretch_nm=0.0, velocity_nm_per_ps=5.1)
    simulation = warm.simulation()
    simulation.reporters.append(
        StabilityReporter(1, simulation.topology, temperature_kelvin=300.0, n_degrees_of_freedom=1)
    )
    simulation.step(200)
    assert simulation.currentStep == 200


def test_a_given_start_is_the_reference(oscillator):
    far = np.array([[0.0, 0.0, 0.0], [1.9, 0.0, 0.0]])
    reporter = StabilityReporter(1, MOLECULE, positions_angstrom=far)
    assert "its start (1.900 Å)" in str(_stopped(oscillator.simulation(), reporter))


def test_particles_without_an_element_are_refused():
    topology = app.Topology()
    residue = topology.addResidue("X", topology.addChain())
    topology.addAtom("EP", None, residue)
    with pytest.raises(MoleculeError, match=r"particle 0 \(EP\) of the topology has no element"):
        StabilityReporter(10, topology)
