import numpy as np
import pytest
from openmm import app

from openmm_mlff.errors import MoleculeError
from openmm_mlff.measuring.selection import select_atoms
from openmm_mlff.molecules import systems_root


@pytest.fixture(scope="module")
def topology():
    return app.PDBFile(str(systems_root() / "ethanol_in_water" / "structure.pdb")).topology


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("resname ETH", range(9)),
        ("not water", range(9)),
        ("resname ETH or index 9 to 11", range(12)),
        ("element C", range(2)),
        ("all", range(741)),
    ],
)
def test_atoms_are_chosen_by_name(topology, expression, expected):
    chosen = select_atoms(topology, expression)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == list(expected)


def test_a_selection_of_nothing_names_the_residues(topology):
    with pytest.raises(MoleculeError, match=r"none of 741 atoms.*ETH, HOH"):
        select_atoms(topology, "resname LIG")


@pytest.mark.parametrize(
    "expression", ["resname ETH)", "name ==", "", "the ligand", "resname ETH and"]
)
def test_what_cannot_be_read_is_said_in_one_short_line(topology, expression):
    with pytest.raises(MoleculeError, match=r"cannot read the selection.*MDTraj: .*char") as raised:
        select_atoms(topology, expression)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 350
