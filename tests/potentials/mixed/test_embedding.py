import openmm
import pytest

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.mixed.embedding import create_mixed_system
from openmm_mlff.potentials.openmmml.mixing import INTERPOLATION

ETHANOL = list(range(9))


@pytest.fixture
def mix(mixed, droplet, droplet_topology):
    def make(mm_system=None, **changes):
        return create_mixed_system(
            load_potential("student:ultra-tiny"),
            droplet_topology,
            mm_system or mixed().mm_system(droplet),
            ml_atoms=ETHANOL,
            precision="double",
            charge=0,
            multiplicity=1,
            **changes,
        )

    return make


def test_bonded_terms_inside_the_part_are_gone(mix):
    system = mix()
    for force in system.getForces():
        if isinstance(force, openmm.HarmonicBondForce):
            ends = [force.getBondParameters(k)[:2] for k in range(force.getNumBonds())]
            assert not [pair for pair in ends if max(pair) < 9]
        if isinstance(force, openmm.PeriodicTorsionForce):
            assert force.getNumTorsions() == 0


def test_pairs_inside_the_part_do_not_meet_by_the_force_field(mix):
    system = mix()
    force = next(f for f in system.getForces() if isinstance(f, openmm.NonbondedForce))
    inside = {
        (min(i, j), max(i, j)): (charge._value, epsilon._value)
        for i, j, charge, _, epsilon in map(
            force.getExceptionParameters, range(force.getNumExceptions())
        )
        if max(i, j) < 9
    }
    assert len(inside) == 36
    assert set(inside.values()) == {(0.0, 0.0)}


def test_only_an_interpolated_system_has_the_parameter(mix):
    def parameters(system):
        context = openmm.Context(
            system,
            openmm.VerletIntegrator(0.001),
            openmm.Platform.getPlatformByName("Reference"),
        )
        return dict(context.getParameters())

    assert INTERPOLATION in parameters(mix(interpolate=True))
    assert INTERPOLATION not in parameters(mix())


def test_a_force_field_that_cannot_be_mixed_is_said_in_one_line(mix, mixed, droplet):
    system = mixed().mm_system(droplet)
    custom = openmm.CustomNonbondedForce("0*r")
    for _ in range(system.getNumParticles()):
        custom.addParticle([])
    system.addForce(custom)
    with pytest.raises(
        PotentialError, match=r"CustomNonbondedForce.*another force field"
    ) as raised:
        mix(system, interpolate=True)
    assert "\n" not in str(raised.value)


def test_the_force_field_is_left_as_it_was(mix, mixed, droplet):
    system = mixed().mm_system(droplet)
    before = openmm.XmlSerializer.serialize(system)
    mix(system)
    assert openmm.XmlSerializer.serialize(system) == before
