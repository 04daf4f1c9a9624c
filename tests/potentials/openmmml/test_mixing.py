import numpy as np
import openmm
import pytest
from openmm import app
from openmmml import MLPotential
from openmmml.embeddings.mechanicalembedding import MechanicalEmbedding
from openmmml.mlpotential import MLPotentialImpl

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.openmmml.impl import PotentialImpl
from openmm_mlff.potentials.openmmml.mixing import INTERPOLATION, mechanically_mixed

WATER = [3, 4, 5]


def _mixed(solvated, atoms, **args):
    return MLPotential("student-tiny").createMixedSystem(
        solvated.topology, solvated.system, atoms, **args
    )


def _student_energy(positions_nm, evaluated):
    """Energy of water alone, kJ/mol."""
    molecule = MolecularSystem("water", np.array([8, 1, 1]), positions_nm * 10.0)
    return evaluated(load_potential("student:tiny").create_system(molecule), positions_nm)[0]


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_a_water_among_waters_fades_from_the_force_field_to_the_student(
    waters, evaluated, platform
):
    positions = waters.positions_nm
    system = _mixed(waters, WATER, interpolate=True)

    energies, forces = zip(
        *(
            evaluated(system, positions, platform=platform, **{INTERPOLATION: fraction})
            for fraction in (0.0, 0.5, 1.0)
        ),
        strict=True,
    )

    by_force_field = evaluated(waters.system, positions, platform=platform)
    plain = evaluated(_mixed(waters, WATER), positions, platform=platform)
    assert energies[0] == pytest.approx(by_force_field[0], abs=1e-3)
    assert energies[2] == pytest.approx(plain[0], abs=1e-3)
    assert energies[1] == pytest.approx((energies[0] + energies[2]) / 2, abs=1e-3)
    np.testing.assert_allclose(forces[0], by_force_field[1], atol=0.05)
    np.testing.assert_allclose(forces[2], plain[1], atol=0.05)
    np.testing.assert_allclose(forces[1], (forces[0] + forces[2]) / 2, atol=0.05)
    # Rigid water has no energy of its own in the force field.
    added = _student_energy(positions[WATER], evaluated)
    assert energies[2] - energies[0] == pytest.approx(added, abs=1e-3)


def test_constraints_stay_outside_the_described_part(waters):
    before, after = waters.system, _mixed(waters, WATER)

    assert before.getNumConstraints() - after.getNumConstraints() == 3


def test_all_of_a_peptide_leaves_nothing_of_the_force_field(dipeptide, evaluated):
    everything = list(range(dipeptide.topology.getNumAtoms()))

    mixed = evaluated(_mixed(dipeptide, everything), dipeptide.positions_nm)

    numbers = [atom.element.atomic_number for atom in dipeptide.topology.atoms()]
    molecule = MolecularSystem("peptide", np.array(numbers), dipeptide.positions_nm * 10.0)
    alone = evaluated(
        load_potential("student:tiny").create_system(molecule), dipeptide.positions_nm
    )
    assert mixed[0] == pytest.approx(alone[0], abs=1e-6)
    np.testing.assert_allclose(mixed[1], alone[1], atol=1e-5)


@pytest.mark.parametrize("interpolate", [False, True])
def test_bonds_across_the_border_are_capped(dipeptide, evaluated, recording, interpolate):
    acetyl = list(range(6))
    impl = PotentialImpl(recording)

    info = mechanically_mixed(
        impl.create_forces,
        dipeptide.topology,
        dipeptide.system,
        acetyl,
        force_group=3,
        interpolate=interpolate,
        long_range=False,
    )

    molecule, _, particles = recording.asked[0]
    assert particles == [*acetyl, 22]
    assert molecule.formula == "C2H4O"
    assert info["topology"].getNumAtoms() == info["system"].getNumParticles() == 23
    assert info["system"].getForce(info["system"].getNumForces() - 1).getForceGroup() == 3
    assert np.isfinite(evaluated(info["system"], dipeptide.positions_nm)[0])


def test_the_distance_of_a_cap_can_be_set(dipeptide):
    info = _mixed(
        dipeptide,
        list(range(6)),
        returnInfo=True,
        linkAtomDistances=[(1, 6, 0.123)],
    )

    site = info["system"].getVirtualSite(22)
    assert site.getLocalPosition()._value.x == pytest.approx(0.123)


def test_charge_reaches_the_potential(waters, recording):
    impl = PotentialImpl(recording)

    impl.createMixedSystem(waters.topology, waters.system, WATER, 0, False, "mechanical", charge=-2)

    assert recording.asked[0][0].charge == -2


def test_the_force_field_is_not_changed(waters):
    before = openmm.XmlSerializer.serialize(waters.system)
    _mixed(waters, WATER, interpolate=True)
    assert openmm.XmlSerializer.serialize(waters.system) == before


def test_a_student_runs_dynamics_among_waters(waters):
    system = _mixed(waters, WATER)
    integrator = openmm.LangevinMiddleIntegrator(300, 1.0, 0.0005)
    integrator.setRandomNumberSeed(1)
    simulation = app.Simulation(
        waters.topology, system, integrator, openmm.Platform.getPlatformByName("CPU")
    )
    simulation.context.setPositions(waters.positions_nm)
    simulation.minimizeEnergy(maxIterations=20)
    simulation.step(20)

    placed = simulation.context.getState(positions=True).getPositions(asNumpy=True)._value[WATER]
    assert 0.08 < np.linalg.norm(placed[0] - placed[1]) < 0.12


class Nothing(MLPotentialImpl):
    """A model of openmm-ml's own without an energy."""

    def __init__(self, long_range):
        self.long_range = long_range

    def addForces(self, topology, system, atoms, forceGroup, **args):  # noqa: N802, N803
        pass

    def getMLLongRange(self):  # noqa: N802
        return self.long_range


@pytest.mark.parametrize("long_range", [True, False])
def test_the_images_of_a_part_are_whose_openmm_ml_says(waters, recording, evaluated, long_range):
    recording.is_long_range = long_range
    given = (waters.topology, waters.system, WATER, 0, False)
    theirs = MechanicalEmbedding().createMixedSystem(Nothing(long_range), *given)

    ours = PotentialImpl(recording).createMixedSystem(*given, "mechanical")

    # 1 kJ/mol/nm² to the origin for each of the three atoms.
    springs = 0.5 * (waters.positions_nm[WATER] ** 2).sum()
    energies = [evaluated(system, waters.positions_nm)[0] for system in (ours, theirs)]
    assert energies[0] - energies[1] == pytest.approx(springs, abs=1e-6)
    assert recording.asked[0][0].is_periodic is long_range
