from contextlib import nullcontext

import numpy as np
import openmm
import pytest
from ase import Atoms
from openmm import app, unit

from openmm_mlff.errors import MoleculeError, SimulationError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import StabilityReporter, UnstableError

from .conftest import report, simulation_of

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
    with pytest.raises(UnstableError) as raised:
        report(simulation, reporter, steps=2000)
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


@pytest.mark.parametrize("of_ase", [False, True])
def test_a_stable_molecule_is_not_stopped(oscillator, of_ase):
    simulation = oscillator.simulation()
    atoms = Atoms(MOLECULE.symbols, MOLECULE.positions_angstrom)
    reporter = StabilityReporter(5, atoms if of_ase else simulation.topology)
    report(simulation, reporter, steps=1000)
    assert simulation.currentStep == 1000


@pytest.mark.parametrize(
    ("expression", "external", "said"),
    [
        ("-2000*r + sqrt(0.135-r)", None, "finite"),
        ("0*r", "log(0.1271-x)*step(x-0.12)", "finite"),
        ("-99000*r", None, "eV/Å"),
    ],
)
def test_nan_positions_energies_and_excessive_forces_stop_a_run(expression, external, said):
    error = _stopped(_hydrogen_chloride(expression, external), StabilityReporter(1, MOLECULE))
    assert said in str(error)


def test_a_hot_run_is_stopped_only_where_the_target_is_known(oscillator):
    hot = type(oscillator)(stretch_nm=0.0, velocity_nm_per_ps=18.0)
    unaware = hot.simulation()
    report(unaware, StabilityReporter(1, unaware.topology), steps=2)
    simulation = hot.simulation()
    reporter = StabilityReporter(1, simulation.topology, temperature_kelvin=300.0)
    assert "3000 K" in str(_stopped(simulation, reporter))


def test_the_temperature_of_one_degree_of_freedom_is_not_used(oscillator):
    # 5 kT in one degree of freedom would be 3070 K, which is not unusual.
    warm = type(oscillator)(stretch_nm=0.0, velocity_nm_per_ps=5.1)
    simulation, target = warm.simulation(), {"temperature_kelvin": 300.0, "n_degrees_of_freedom": 1}
    report(simulation, StabilityReporter(1, simulation.topology, **target), steps=200)
    assert simulation.currentStep == 200


def test_a_given_start_is_the_reference(oscillator):
    far = np.array([[0.0, 0.0, 0.0], [1.9, 0.0, 0.0]])
    reporter = StabilityReporter(1, MOLECULE, positions_angstrom=far)
    assert "its start (1.900 Å)" in str(_stopped(oscillator.simulation(), reporter))


@pytest.fixture(scope="module")
def four_sites():
    """Two waters of TIP4P-Ew, whose virtual sites stand between their atoms."""
    topology = app.Topology()
    chain, places = topology.addChain(), []
    for shift_nm in (0.0, 0.3):
        residue = topology.addResidue("HOH", chain)
        atoms = [
            topology.addAtom(name, app.Element.getBySymbol(name[0]), residue)
            for name in ("O", "H1", "H2")
        ]
        for hydrogen in atoms[1:]:
            topology.addBond(atoms[0], hydrogen)
        for x, y in ((0.0, 0.0), (0.09572, 0.0), (-0.024, 0.0927)):
            places.append(openmm.Vec3(x, y, shift_nm))
    field = app.ForceField("tip4pew.xml")
    whole = app.Modeller(topology, places * unit.nanometer)
    whole.addExtraParticles(field)
    system = field.createSystem(whole.topology, rigidWater=False)
    return whole.topology, system, whole.positions


def test_virtual_sites_are_left_out(four_sites):
    topology, system, positions = four_sites
    platform = openmm.Platform.getPlatformByName("Reference")
    simulation = app.Simulation(topology, system, openmm.VerletIntegrator(0.0005), platform)
    simulation.context.setPositions(positions)
    report(simulation, StabilityReporter(1, topology), steps=5)
    assert simulation.currentStep == 5
    # The second oxygen comes after three atoms and a site.
    positions = simulation.context.getState(positions=True).getPositions(asNumpy=True)
    positions[5] += np.array([0.1, 0.0, 0.0]) * unit.nanometer
    simulation.context.setPositions(positions)
    with pytest.raises(UnstableError, match="O5–H6") as raised:
        simulation.step(1)
    assert raised.value.atoms == (4, 5)


@pytest.mark.parametrize("grown", [1.0, 1.1])
def test_contacts_are_those_of_the_box_at_that_time(grown):
    """Two argon atoms that touch across the faces of the first box, and not of the grown one."""
    width_nm, gap_nm = 1.0, 0.1
    system = openmm.System()
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(force.CutoffPeriodic)
    force.setCutoffDistance(0.4)
    for _ in range(2):
        system.addParticle(39.95)
        force.addParticle(0.0, 0.1, 0.0)
    system.addForce(force)
    system.setDefaultPeriodicBoxVectors(*np.eye(3) * width_nm)
    positions_nm = np.array([[0.0, 0.5, 0.5], [width_nm - gap_nm, 0.5, 0.5]])
    start = positions_nm - [[0.0, 0.0, 0.0], [0.4, 0.0, 0.0]]
    argon = MolecularSystem(
        name="argon",
        atomic_numbers=np.array([18, 18]),
        positions_angstrom=10.0 * start,
        cell_angstrom=10.0 * width_nm * np.eye(3),
    )
    simulation = simulation_of(system, ("Ar", "Ar"))
    simulation.context.setPeriodicBoxVectors(*np.eye(3) * width_nm * grown**3)
    simulation.context.setPositions(positions_nm)
    touching = pytest.raises(UnstableError, match=r"Ar1–Ar2 are 1\.000 Å")
    with touching if grown == 1.0 else nullcontext():
        report(simulation, StabilityReporter(1, argon), steps=1)
    assert simulation.currentStep == 1


def without_atoms():
    topology = app.Topology()
    topology.addAtom("EP", None, topology.addResidue("X", topology.addChain()))
    return topology


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (without_atoms, "element"),
        (lambda: "water", "str is not a molecule"),
        (openmm.System, "System is not a molecule"),
    ],
)
def test_what_is_no_molecule_is_refused(make, said):
    with pytest.raises(MoleculeError, match=said):
        StabilityReporter(10, make())
