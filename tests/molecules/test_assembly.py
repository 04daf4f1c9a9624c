import numpy as np
import pytest

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules.assembly import LONGEST_BOND_FACTOR, build_system
from openmm_mlff.molecules.formats.structure import FileStructure

# Cordero radii: H 0.31 Å.
LIMIT_ANGSTROM = LONGEST_BOND_FACTOR * 0.62


def hydrogen(distance_angstrom, **fields):
    structure = FileStructure(
        atomic_numbers=np.array([1, 1]),
        positions_angstrom=np.array([[0.0, 0, 0], [distance_angstrom, 0, 0]]),
        bonds=((0, 1),),
        **fields,
    )
    return build_system(structure, name="made", source="file made.sdf")


def test_a_listed_bond_has_a_largest_length():
    assert hydrogen(LIMIT_ANGSTROM - 0.001).bonds == ((0, 1),)
    with pytest.raises(MoleculeError, match=r"file made\.sdf: the bond H1–H2 is 0\.99 Å long"):
        hydrogen(LIMIT_ANGSTROM + 0.001)


def test_a_listed_bond_is_to_the_nearest_image():
    cell = np.diag([10.0, 10.0, 10.0])
    system = hydrogen(9.26, cell_angstrom=cell)
    np.testing.assert_allclose(system.positions_angstrom[1], [-0.74, 0, 0], atol=1e-12)
    with pytest.raises(MoleculeError, match="H1–H2"):
        hydrogen(5.0, cell_angstrom=cell)


def test_charge_multiplicity_and_note_are_recorded():
    system = hydrogen(0.74, charge=1.0, multiplicity=np.int64(2), note="its colour is not used")
    assert (system.charge, system.multiplicity) == (1, 2)
    assert system.source == "file made.sdf; its colour is not used"
    with pytest.raises(MoleculeError, match=r"charge is '1\+'; expected a whole number"):
        hydrogen(0.74, charge="1+")
