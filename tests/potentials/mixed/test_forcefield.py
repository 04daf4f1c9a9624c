import numpy as np
import openmm
import pytest
from openmm import unit

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.mixed import MixedSettings
from openmm_mlff.potentials.mixed.forcefield import (
    boxed,
    create_mm_system,
    formal_charge,
    load_forcefield,
)
from openmm_mlff.reporters.quantities import masses_amu

from .conftest import FORCEFIELD


@pytest.fixture(scope="module")
def create(droplet_topology):
    """Create the System of a topology, by default the droplet's, with settings by name."""
    forcefield = load_forcefield(FORCEFIELD)

    def make(topology=droplet_topology, *, forcefield=forcefield, **settings):
        return create_mm_system(forcefield, topology, settings=MixedSettings(**settings))

    return make


def nonbonded(system):
    return next(f for f in system.getForces() if isinstance(f, openmm.NonbondedForce))


def test_ethanol_beside_amber_is_neutral_and_without_a_box_all_pairs_interact(create):
    files = [FORCEFIELD[0], "amber14-all.xml", "amber14/tip3p.xml"]
    system = create(forcefield=load_forcefield(files))
    force = nonbonded(system)
    charges = [force.getParticleParameters(i)[0] / unit.elementary_charge for i in range(9)]
    assert sum(charges) == pytest.approx(0.0, abs=1e-12)
    assert [formal_charge(system, np.array(atoms)) for atoms in (range(9), [8], [2])] == [0, 0, -1]
    assert force.getNonbondedMethod() == openmm.NonbondedForce.NoCutoff
    assert not system.usesPeriodicBoundaryConditions()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "no force field for the others"),
        (["nowhere.xml"], "nowhere.xml.*correct the name"),
        ([__file__], "cannot be loaded"),
        (["amber14/tip3p.xml"], r"residue 0 \(ETH\).*add a file"),
    ],
)
def test_unusable_files_and_missing_templates_are_refused_in_one_line(create, files, said):
    with pytest.raises(PotentialError, match=said) as raised:
        create(forcefield=load_forcefield(files))
    assert "\n" not in str(raised.value)


def test_a_box_brings_pme_with_the_settings(create, box_topology, box):
    system = create(
        boxed(box_topology, box), cutoff_angstrom=9.5, switch_angstrom=8.5, ewald_tolerance=2e-5
    )
    force = nonbonded(system)
    assert force.getNonbondedMethod() == openmm.NonbondedForce.PME
    assert force.getUseSwitchingFunction()
    lengths_nm = [
        force.getCutoffDistance()._value,
        force.getSwitchingDistance()._value,
        system.getDefaultPeriodicBoxVectors()[0][0]._value,
    ]
    assert lengths_nm == pytest.approx([0.95, 0.85, 2.0])
    assert force.getEwaldErrorTolerance() == 2e-5
    # Rigid water has three constraints per molecule; ethanol has none.
    assert system.getNumConstraints() == 3 * 244


def test_constraints_and_heavy_hydrogens_follow_the_settings(create):
    system = create(constraints="hbonds", rigid_water=False, hydrogen_mass_amu=3.0)
    assert system.getNumConstraints() == 6 + 2 * 4
    masses = masses_amu(system)[:9]
    assert masses[3:].tolist() == [3.0] * 6
    assert sum(masses) == pytest.approx(2 * 12.011 + 15.999 + 6 * 1.008)
