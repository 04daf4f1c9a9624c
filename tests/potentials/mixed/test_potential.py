import numpy as np
import openmm
import pytest

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.engine import Engine
from openmm_mlff.potentials.mixed import MixedSettings
from openmm_mlff.potentials.mixed.forcefield import create_mm_system
from openmm_mlff.reporters.quantities import (
    degrees_of_freedom,
    kinetic_ev,
    masses_amu,
    potential_ev,
)

from ..conftest import context_of
from .conftest import evaluated, part_of, parts_of, slopes


def test_it_is_the_force_field_with_the_part_replaced(in_droplet, mixed, droplet):
    energy_ev, forces = evaluated(in_droplet, droplet)
    (all_ev, expected), (again_ev, again), (learned_ev, learned) = parts_of(in_droplet, droplet)
    # Not from the whole System, as the check has it, but by the force field for ethanol alone.
    alone = create_mm_system(
        in_droplet.forcefield, part_of(in_droplet.topology, range(9)), settings=in_droplet.settings
    )
    placed = in_droplet.ml_part(droplet).positions_angstrom
    inside_ev, inside = Engine(alone, precision="double").evaluate(placed)
    assert again_ev == pytest.approx(inside_ev, abs=1e-10)
    np.testing.assert_allclose(again, np.pad(inside, ((0, 12), (0, 0))), atol=1e-10)
    assert energy_ev == pytest.approx(all_ev - inside_ev + learned_ev, abs=1e-8)
    expected[:9] += learned - inside
    np.testing.assert_allclose(forces, expected, atol=1e-8)
    apart = droplet.positions_angstrom.copy()
    apart[9:] += 1000.0
    # Four waters bind a solute by some tenths of an eV.
    assert 0.1 < evaluated(in_droplet, droplet, apart)[0] - energy_ev < 2.0
    reordered, _ = evaluated(mixed(ml_atoms=np.arange(9)[::-1]), droplet)
    assert reordered == pytest.approx(energy_ev, abs=1e-12)


def test_forces_are_the_gradient_in_openmm_and_in_ase(in_droplet, droplet):
    energy_ev, forces = evaluated(in_droplet, droplet)
    atoms = [1, 8, 9, 20]
    np.testing.assert_allclose(slopes(in_droplet, droplet, atoms), forces[atoms], atol=2e-4)
    ase_atoms = droplet.to_ase()
    ase_atoms.calc = in_droplet.ase_calculator(precision="double")
    assert ase_atoms.get_potential_energy() == pytest.approx(energy_ev, abs=1e-10)
    np.testing.assert_allclose(ase_atoms.get_forces(), forces, atol=1e-10)


def test_the_hash_covers_what_determines_the_energy(mixed, in_droplet):
    assert mixed().sha256 == in_droplet.sha256
    assert mixed(settings=MixedSettings(rigid_water=False)).sha256 != in_droplet.sha256
    assert mixed(ml_atoms=np.arange(12)).sha256 != in_droplet.sha256
    assert in_droplet.name == "ultra-tiny-in-mm"
    assert (in_droplet.composition_is_free, in_droplet.box_is_free) == (False, False)
    assert in_droplet.has_force_field


def test_adding_it_to_a_system_and_unknown_elements_are_refused(mixed, in_droplet, droplet):
    with pytest.raises(PotentialError, match="use create_system"):
        in_droplet.create_forces(droplet)
    potential = mixed()
    potential.ml_potential.elements = frozenset({1, 6})
    with pytest.raises(PotentialError, match="does not support O"):
        potential.check_molecule(droplet)


def test_a_force_field_that_cannot_be_mixed_is_named_in_one_line(mixed, droplet, monkeypatch):
    potential = mixed()
    system = potential.mm_system(droplet)
    custom = openmm.CustomNonbondedForce("0*r")
    for _ in range(system.getNumParticles()):
        custom.addParticle([])
    system.addForce(custom)
    monkeypatch.setattr(potential, "mm_system", lambda _: system)
    assert not potential.interpolates(droplet)
    with pytest.raises(PotentialError, match=r"CustomNonbondedForce.*another force") as raised:
        potential.create_system(droplet, interpolate=True)
    assert "\n" not in str(raised.value)


def test_in_a_box_the_range_of_the_potential_must_be_known(mixed, box_topology, box):
    potential = mixed(box_topology)
    potential.ml_potential.is_long_range = None
    with pytest.raises(PotentialError, match="add mlLongRange=true or mlLongRange=false"):
        potential.create_system(box)


def test_another_box_has_another_energy(mixed, box_topology, box):
    potential = mixed(box_topology)
    larger = box.with_cell(21.0 * np.eye(3))
    first, second, again = (
        evaluated(potential, system, box.positions_angstrom)[0] for system in (box, larger, box)
    )
    assert abs(second - first) > 0.01
    assert again == first


@pytest.mark.parametrize(
    "cell", [20.0 * np.eye(3), np.array([[20.0, 0, 0], [6.0, 21.0, 0], [-5.0, 4.0, 22.0]])]
)
def test_atoms_in_other_images_are_the_same_atoms(in_droplet, droplet, cell):
    boxed = droplet.with_cell(cell)
    energy_ev, forces = evaluated(in_droplet, boxed)
    shifts = np.random.default_rng(2).integers(-2, 3, size=(droplet.n_atoms, 3))
    again, same = evaluated(in_droplet, boxed, droplet.positions_angstrom + shifts @ cell)
    assert again == pytest.approx(energy_ev, abs=1e-6)
    np.testing.assert_allclose(same, forces, atol=1e-6)


def test_nve_of_the_box_keeps_energy_constraints_and_masses(mixed, box_topology, box):
    """0.2 ps with hydrogens of 3 amu in ethanol and rigid water."""
    settings = MixedSettings(hydrogen_mass_amu=3.0)
    system = mixed(box_topology, settings=settings).create_system(box)
    masses = masses_amu(system)
    np.testing.assert_allclose(masses[3:9], 3.0)
    assert masses[:9].sum() == pytest.approx(2 * 12.011 + 15.999 + 6 * 1.008)
    np.testing.assert_allclose(masses[10::3], 1.008, atol=1e-3)
    assert degrees_of_freedom(system) == 3 * 741 - 3 * 244
    context = context_of(system, box.positions_angstrom, platform="CPU")
    integrator = context.getIntegrator()
    integrator.setConstraintTolerance(1e-6)
    context.applyConstraints(1e-6)
    context.setVelocitiesToTemperature(150.0, 1)
    totals_ev = []
    for _ in range(8):
        integrator.step(25)
        state = context.getState(energy=True, positions=True)
        totals_ev.append(potential_ev(state) + kinetic_ev(state))
    # The kinetic energy is about 5 eV.
    assert np.ptp(totals_ev) < 0.02
    positions = state.getPositions(asNumpy=True)._value
    constraints = [system.getConstraintParameters(k) for k in range(system.getNumConstraints())]
    assert len(constraints) == 3 * 244
    lengths = [np.linalg.norm(positions[i] - positions[j]) for i, j, _ in constraints]
    np.testing.assert_allclose(lengths, [one._value for *_, one in constraints], rtol=1e-5)
