import numpy as np
import openmm
import pytest
from openmm import unit

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import systems_root
from openmm_mlff.potentials.mixed import MixedSettings
from openmm_mlff.potentials.mixed.forcefield import (
    boxed,
    create_mm_system,
    formal_charge,
    load_forcefield,
    part_of,
)

ETHANOL_XML = str(systems_root() / "ethanol_in_water" / "ethanol.xml")
FILES = (ETHANOL_XML, "amber14/tip3p.xml")


@pytest.fixture(scope="module")
def forcefield():
    return load_forcefield(FILES)


def _nonbonded(system):
    return next(f for f in system.getForces() if isinstance(f, openmm.NonbondedForce))


def test_ethanol_stands_beside_amber_and_is_neutral(droplet_topology):
    forcefield = load_forcefield([ETHANOL_XML, "amber14-all.xml", "amber14/tip3p.xml"])
    system = create_mm_system(
        forcefield, droplet_topology, cell_angstrom=None, settings=MixedSettings()
    )
    charges = [
        _nonbonded(system).getParticleParameters(i)[0].value_in_unit(unit.elementary_charge)
        for i in range(9)
    ]
    assert sum(charges) == pytest.approx(0.0, abs=1e-12)
    assert formal_charge(system, np.arange(9)) == 0
    assert formal_charge(system, np.array([8])) == 0
    assert formal_charge(system, np.array([2])) == -1


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "no force field for the others"),
        (["nowhere.xml"], "nowhere.xml.*correct --forcefield"),
        ([__file__], "cannot be loaded"),
    ],
)
def test_files_that_are_no_force_field_are_refused_in_one_line(files, said):
    with pytest.raises(PotentialError, match=said) as raised:
        load_forcefield(files)
    assert "\n" not in str(raised.value)


def test_a_residue_without_template_is_named(droplet_topology):
    water_only = load_forcefield(["amber14/tip3p.xml"])
    with pytest.raises(PotentialError, match=r"residue 0 \(ETH\).*--forcefield") as raised:
        create_mm_system(water_only, droplet_topology, cell_angstrom=None, settings=MixedSettings())
    assert "\n" not in str(raised.value)


def test_a_box_brings_pme_with_the_settings(forcefield, box_topology, box):
    settings = MixedSettings(cutoff_angstrom=9.5, switch_angstrom=8.5, ewald_tolerance=2e-5)
    system = create_mm_system(
        forcefield, boxed(box_topology, box), cell_angstrom=box.cell_angstrom, settings=settings
    )
    force = _nonbonded(system)
    assert force.getNonbondedMethod() == openmm.NonbondedForce.PME
    assert force.getCutoffDistance()._value == pytest.approx(0.95)
    assert force.getUseSwitchingFunction()
    assert force.getSwitchingDistance()._value == pytest.approx(0.85)
    assert force.getEwaldErrorTolerance() == 2e-5
    assert system.getDefaultPeriodicBoxVectors()[0][0]._value == pytest.approx(2.0)
    # Rigid water is three constraints a molecule; ethanol is free.
    assert system.getNumConstraints() == 3 * 244


def test_without_a_box_all_pairs_meet(forcefield, droplet_topology):
    system = create_mm_system(
        forcefield, droplet_topology, cell_angstrom=None, settings=MixedSettings()
    )
    assert _nonbonded(system).getNonbondedMethod() == openmm.NonbondedForce.NoCutoff
    assert not system.usesPeriodicBoundaryConditions()


def test_constraints_and_heavy_hydrogens_are_as_asked(forcefield, droplet_topology):
    settings = MixedSettings(constraints="hbonds", rigid_water=False, hydrogen_mass_amu=3.0)
    system = create_mm_system(forcefield, droplet_topology, cell_angstrom=None, settings=settings)
    assert system.getNumConstraints() == 6 + 2 * 4
    masses = [system.getParticleMass(i)._value for i in range(9)]
    assert masses[3:] == [3.0] * 6
    assert sum(masses) == pytest.approx(2 * 12.011 + 15.999 + 6 * 1.008)


def test_a_part_keeps_its_order_and_loses_the_box(box_topology):
    part = part_of(box_topology, np.array([2, 8, 9, 10, 11]))
    assert [atom.name for atom in part.atoms()] == ["O1", "H6", "O", "H1", "H2"]
    assert part.getPeriodicBoxVectors() is None
    assert box_topology.getNumAtoms() == 741
    assert box_topology.getPeriodicBoxVectors() is not None
