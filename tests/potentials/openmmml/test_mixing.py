import numpy as np
import openmm
import pytest
from openmmml import MLPotential
from openmmml.embeddings.mechanicalembedding import MechanicalEmbedding
from openmmml.mlpotential import MLPotentialImpl

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.openmmml.impl import INTERPOLATION, PotentialImpl

WATER = [3, 4, 5]
ACETYL = list(range(6))


def _mixed(solvated, atoms, **args):
    return MLPotential("student-tiny").createMixedSystem(
        solvated.topology, solvated.system, atoms, **args
    )


def _alone(numbers, positions_nm, evaluated):
    """The student's energy, kJ/mol, and forces, kJ/mol/nm, of an isolated molecule."""
    molecule = MolecularSystem("alone", np.array(numbers), positions_nm * 10.0)
    return evaluated(load_potential("student:tiny").create_system(molecule), positions_nm)


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_a_water_is_interpolated_from_the_force_field_to_the_student(waters, evaluated, platform):
    positions = waters.positions_nm
    before = openmm.XmlSerializer.serialize(waters.system)
    system, plain = _mixed(waters, WATER, interpolate=True), _mixed(waters, WATER)
    assert openmm.XmlSerializer.serialize(waters.system) == before
    energies, forces = zip(
        *(
            evaluated(system, positions, platform=platform, **{INTERPOLATION: fraction})
            for fraction in (0.0, 0.5, 1.0)
        ),
        strict=True,
    )
    ends = [evaluated(one, positions, platform=platform) for one in (waters.system, plain)]
    expected = [ends[0], [(a + b) / 2 for a, b in zip(*ends, strict=True)], ends[1]]
    assert energies == pytest.approx([energy for energy, _ in expected], abs=1e-3)
    np.testing.assert_allclose(forces, [force for _, force in expected], atol=0.05)
    # Rigid water has no internal energy in the force field, and no constraints in the student.
    added, _ = _alone([8, 1, 1], positions[WATER], evaluated)
    assert energies[2] - energies[0] == pytest.approx(added, abs=1e-3)
    assert waters.system.getNumConstraints() - plain.getNumConstraints() == 3


def test_a_whole_peptide_leaves_nothing_of_the_force_field(dipeptide, evaluated):
    everything = list(range(dipeptide.topology.getNumAtoms()))
    energy, forces = evaluated(_mixed(dipeptide, everything), dipeptide.positions_nm)
    numbers = [atom.element.atomic_number for atom in dipeptide.topology.atoms()]
    alone = _alone(numbers, dipeptide.positions_nm, evaluated)
    assert energy == pytest.approx(alone[0], abs=1e-6)
    np.testing.assert_allclose(forces, alone[1], atol=1e-5)


@pytest.mark.parametrize("interpolate", [False, True])
def test_bonds_across_the_boundary_are_capped(dipeptide, evaluated, recording, interpolate):
    info = PotentialImpl(recording).createMixedSystem(
        dipeptide.topology,
        dipeptide.system,
        ACETYL,
        3,
        interpolate,
        "mechanical",
        returnInfo=True,
        linkAtomDistances=[(1, 6, 0.123)],
    )
    molecule, _, particles = recording.asked[0]
    assert particles == [*ACETYL, 22]
    assert molecule.formula == "C2H4O"
    system = info["system"]
    assert info["topology"].getNumAtoms() == system.getNumParticles() == 23
    assert system.getForce(system.getNumForces() - 1).getForceGroup() == 3
    assert system.getVirtualSite(22).getLocalPosition()._value.x == pytest.approx(0.123)
    assert np.isfinite(evaluated(system, dipeptide.positions_nm)[0])


class Nothing(MLPotentialImpl):
    """A model of openmm-ml without an energy."""

    def __init__(self, long_range):
        self.long_range = long_range

    def addForces(self, topology, system, atoms, forceGroup, **args):  # noqa: N802, N803
        pass

    def getMLLongRange(self):  # noqa: N802
        return self.long_range


@pytest.mark.parametrize("long_range", [True, False])
def test_images_of_a_part_are_treated_as_by_openmm_ml(waters, recording, evaluated, long_range):
    recording.is_long_range = long_range
    given = (waters.topology, waters.system, WATER, 0, False)
    theirs = MechanicalEmbedding().createMixedSystem(Nothing(long_range), *given)
    ours = PotentialImpl(recording).createMixedSystem(*given, "mechanical", charge=-2)
    # 1 kJ/mol/nm² to the origin for each of the three atoms.
    springs = 0.5 * (waters.positions_nm[WATER] ** 2).sum()
    energies = [evaluated(system, waters.positions_nm)[0] for system in (ours, theirs)]
    assert energies[0] - energies[1] == pytest.approx(springs, abs=1e-6)
    (molecule, *_) = recording.asked[0]
    assert (molecule.is_periodic, molecule.charge) == (long_range, -2)
