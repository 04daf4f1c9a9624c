import openmm
import pytest

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.mixed.embedding import create_mixed_system
from openmm_mlff.potentials.openmmml.mixing import INTERPOLATION


@pytest.fixture
def mix(in_droplet, droplet, droplet_topology):
    def make(mm_system=None, **changes):
        return create_mixed_system(
            load_potential("student:ultra-tiny"),
            droplet_topology,
            mm_system or in_droplet.mm_system(droplet),
            ml_atoms=list(range(9)),
            precision="double",
            charge=0,
            multiplicity=1,
            **changes,
        )

    return make


def test_terms_inside_the_part_are_removed_and_the_force_field_is_unchanged(
    mix, in_droplet, droplet
):
    mm_system = in_droplet.mm_system(droplet)
    before = openmm.XmlSerializer.serialize(mm_system)
    system = mix(mm_system)
    forces = {type(force): force for force in system.getForces()}
    assert openmm.XmlSerializer.serialize(mm_system) == before
    bonds = forces[openmm.HarmonicBondForce]
    ends = [bonds.getBondParameters(k)[:2] for k in range(bonds.getNumBonds())]
    assert not [pair for pair in ends if max(pair) < 9]
    assert forces[openmm.PeriodicTorsionForce].getNumTorsions() == 0
    nonbonded = forces[openmm.NonbondedForce]
    exceptions = map(nonbonded.getExceptionParameters, range(nonbonded.getNumExceptions()))
    inside = [
        (charge._value, epsilon._value) for i, j, charge, _, epsilon in exceptions if max(i, j) < 9
    ]
    assert inside == [(0.0, 0.0)] * 36


@pytest.mark.parametrize("interpolate", [True, False])
def test_only_an_interpolated_system_has_the_parameter(mix, interpolate):
    platform = openmm.Platform.getPlatformByName("Reference")
    system = mix(interpolate=interpolate)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    assert (INTERPOLATION in dict(context.getParameters())) is interpolate


def test_a_force_field_that_cannot_be_mixed_is_named_in_one_line(mix, in_droplet, droplet):
    system = in_droplet.mm_system(droplet)
    custom = openmm.CustomNonbondedForce("0*r")
    for _ in range(system.getNumParticles()):
        custom.addParticle([])
    system.addForce(custom)
    with pytest.raises(
        PotentialError, match=r"CustomNonbondedForce.*another force field"
    ) as raised:
        mix(system, interpolate=True)
    assert "\n" not in str(raised.value)
