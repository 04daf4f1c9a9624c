"""Hydrogen bonds with a water, by GFN2-xTB and by a student of molecules alone."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.hydration import DISTANCES_ANGSTROM, Record
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.water_contacts import CLOSEST_ANGSTROM, water_contacts
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.units import ev_from_kcal_per_mol

SHORTEST = float(DISTANCES_ANGSTROM[0])


@pytest.mark.parametrize(
    ("system", "names"),
    [
        ("water", ["O1 accepts", "H2 donates", "H3 donates"]),
        ("acetamide", ["O4 accepts", "H8 donates", "H9 donates"]),
        ("imidazole", ["N3 accepts", "H9 donates"]),
        ("methane", []),
    ],
)
def test_waters_are_rigid_and_meet_one_atom(system, names):
    molecule = load_system(system)
    contacts = water_contacts(molecule, distance_angstrom=SHORTEST)
    assert [one.name for one in contacts] == names
    for contact in contacts:
        water = contact.water_angstrom(SHORTEST)
        bonds = water[1:] - water[0]
        np.testing.assert_allclose(np.linalg.norm(bonds, axis=1), 0.9572)
        cosine = bonds[0] @ bonds[1] / 0.9572**2
        assert np.degrees(np.arccos(cosine)) == pytest.approx(104.52)
        apart = np.linalg.norm(water[:, None] - molecule.positions_angstrom, axis=2)
        atom = int(contact.name.split()[0][1:]) - 1
        assert apart[:, atom].min() == pytest.approx(SHORTEST)
        assert np.delete(apart, atom, axis=1).min() > CLOSEST_ANGSTROM


def test_gfn2_xtb_binds_water_as_itself_and_a_student_of_molecules_alone_does_not(
    measured, make_subject
):
    water, gfn2 = load_system("water"), load_potential(GFN2_XTB)
    sound = measured(make_subject(gfn2, water, reference=gfn2))
    assert sound.status is Status.PASS
    assert all(-5.5 < energy < -3.5 for energy in sound.evidence["reference_kcal_per_mol"])
    student = measured(make_subject(load_potential("student:original"), water, reference=gfn2))
    assert student.status is Status.FAIL
    assert student.value > 2.0


@pytest.mark.parametrize("system", ["methane", "water_dimer", "acetamide"])
def test_it_is_asked_of_one_molecule_by_potentials_that_take_any(measured, make_subject, system):
    molecule = load_system(system)
    oracle = FieldOracle(molecule, seed=0)
    result = measured(make_subject(oracle, molecule, reference=oracle))
    assert result.status is Status.NOT_APPLICABLE


WELL = np.array([[-3.0, -4.0, -5.0, -4.8, -4.0, -3.0, -1.5], [1.0, -1.0, -2.0, -2.5, -2, -1, 0]])


@pytest.mark.parametrize(
    ("error", "noise", "lost", "status"),
    [
        ([0.9, -0.9], 0.0, 0, Status.PASS),
        ([0.9, -1.1], 0.0, 0, Status.FAIL),
        ([0.9, 0.0], 0.1, 0, Status.INCONCLUSIVE),
        ([0.0, 0.0], 0.0, 3, Status.INCONCLUSIVE),
        ([np.nan, 0.0], 0.0, 0, Status.FAIL),
    ],
)
def test_the_worst_contact_decides(judge, error, noise, lost, status):
    refused = np.broadcast_to(np.arange(7) < lost, WELL.shape)
    record = Record(
        reference="ase:xtb",
        contacts=("O1 accepts", "H2 donates"),
        distances_angstrom=DISTANCES_ANGSTROM,
        reference_energies_ev=ev_from_kcal_per_mol(WELL),
        model_energies_ev=ev_from_kcal_per_mol(WELL + np.array(error)[:, None]),
        model_refused=refused,
        energy_noise_ev=ev_from_kcal_per_mol(noise),
    )
    assert judge(record).status is status
