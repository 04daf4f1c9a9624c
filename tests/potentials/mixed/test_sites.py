"""Virtual sites: four-site water in the force field's part, and link atoms at cut bonds."""

import numpy as np
import openmm
import pytest
from openmm import app, unit

from openmm_mlff.errors import PotentialError
from openmm_mlff.measuring.selection import select_atoms
from openmm_mlff.reporters import MomentumReporter, TrajectoryReporter
from openmm_mlff.reporters.quantities import (
    degrees_of_freedom,
    kinetic_ev,
    masses_amu,
    positions_angstrom,
    potential_ev,
)
from openmm_mlff.simulation.checkpoint import load_state, write_state
from openmm_mlff.simulation.constraints import constrained_pairs, verlet_integrator
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.states import OneCopy
from openmm_mlff.storage.streams import read_csv

from .conftest import FORCEFIELD, evaluated, parts_of, prepared_mixed, slopes


@pytest.fixture(scope="module")
def four_sites(droplet, droplet_topology, tmp_path_factory):
    """Ethanol and four TIP4P-Ew waters as a System of the user: rigid bonds, heavy hydrogens."""
    folder = tmp_path_factory.mktemp("four_sites")
    forcefield = app.ForceField(FORCEFIELD[0], "amber14/tip4pew.xml")
    modeller = app.Modeller(droplet_topology, droplet.positions_angstrom * unit.angstrom)
    modeller.addExtraParticles(forcefield)
    system = forcefield.createSystem(
        modeller.topology, constraints=app.HBonds, hydrogenMass=2.0 * unit.dalton
    )
    (folder / "system.xml").write_text(openmm.XmlSerializer.serialize(system))
    with (folder / "droplet.pdb").open("w") as file:
        app.PDBFile.writeFile(modeller.topology, modeller.positions, file)
    return prepared_mixed([folder / "system.xml"], folder / "droplet.pdb", "resname ETH")


@pytest.fixture(scope="module")
def cut(droplet, mixed):
    """Of ethanol, CH₂OH is the ML part, and CH₃ is not."""
    return mixed(ml_atoms=[1, 2, 6, 7, 8]), droplet


@pytest.fixture(params=["four_sites", "cut"])
def sites(request):
    """A potential whose System has virtual sites, and its molecule of 21 atoms."""
    return request.getfixturevalue(request.param)


def test_forces_are_the_gradient_and_the_sum_of_the_parts(sites):
    potential, molecule = sites
    placed = molecule.positions_angstrom
    energy_ev, forces = evaluated(potential, molecule)
    assert forces.shape == (21, 3)
    # The bond C1–C2 is cut; 12 and 13 are an oxygen and a hydrogen of water.
    atoms = [0, 1, 2, 8, 12, 13]
    np.testing.assert_allclose(slopes(potential, molecule, atoms), forces[atoms], atol=2e-4)
    # Forces on sites are those of their atoms, so none is lost.
    np.testing.assert_allclose(forces.sum(axis=0), 0.0, atol=1e-6)
    (whole_ev, mm), (inside_ev, inside), (learned_ev, on_part) = parts_of(potential, molecule)
    assert energy_ev == pytest.approx(whole_ev - inside_ev + learned_ev, abs=1e-8)
    n_ml = len(potential.ml_atoms)
    summed = mm - inside
    summed[potential.ml_atoms] += on_part[:n_ml]
    summed += potential.links.spread(on_part[n_ml:], positions_angstrom=placed)
    np.testing.assert_allclose(forces, summed, atol=1e-8)


def test_a_run_has_the_atoms_alone_and_keeps_energy(sites, tmp_path):
    potential, molecule = sites
    system = potential.create_system(molecule)
    assert system.getNumParticles() > molecule.n_atoms
    assert len(masses_amu(system)) == molecule.n_atoms
    assert degrees_of_freedom(system) == 3 * 21 - system.getNumConstraints()
    pairs = constrained_pairs(system)
    assert {*molecule.atomic_numbers[pairs].ravel()} == {1, 8}
    simulation = make_simulation(
        system,
        molecule,
        verlet_integrator(0.5),
        platform=PlatformChoice("Reference"),
        positions_angstrom=molecule.positions_angstrom,
    )
    simulation.context.setVelocitiesToTemperature(100.0, 1)
    reporter = MomentumReporter(tmp_path / "momenta.csv", 50)
    trajectory = TrajectoryReporter(tmp_path / "run.dcd", 50)
    simulation.reporters += [reporter, trajectory]
    totals = []
    for _ in range(4):
        simulation.step(50)
        state = simulation.context.getState(positions=True, energy=True)
        totals.append(potential_ev(state) + kinetic_ev(state))
    reporter.close()
    trajectory.close()
    assert positions_angstrom(state).shape == (21, 3)
    # The kinetic energy is about 0.2 eV.
    assert np.ptp(totals) < 0.005
    momenta = read_csv(tmp_path / "momenta.csv", reporter.columns)[:, 2:5]
    assert np.ptp(momenta, axis=0).max() < 1e-5
    (saved,) = OneCopy(system).saved(simulation.context)
    write_state(tmp_path, saved)
    before = potential_ev(simulation.context.getState(energy=True))
    simulation.step(5)
    load_state(simulation, tmp_path)
    assert potential_ev(simulation.context.getState(energy=True)) == before


def test_a_site_is_not_selected_and_implicit_solvent_has_no_link_atoms(four_sites, cut, mixed):
    potential, molecule = four_sites
    assert molecule.n_atoms == potential.topology.getNumAtoms() - 4
    water = select_atoms(potential.topology, "resid 1")
    with pytest.raises(PotentialError, match="is a virtual site"):
        mixed(potential.topology, ml_atoms=water, forcefield=potential.forcefield)
    _, droplet = cut
    solvated = mixed(ml_atoms=[1, 2, 6, 7, 8], forcefield=[*FORCEFIELD, "implicit/obc2.xml"])
    with pytest.raises(PotentialError, match="does not add link atoms"):
        solvated.create_system(droplet)
