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


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("resname LIG", r"none of 741 atoms.*ETH, HOH"),
        *(
            (unreadable, r"cannot read the selection.*MDTraj: .*char")
            for unreadable in ("resname ETH)", "name ==", "", "the ligand", "resname ETH and")
        ),
    ],
)
def test_what_chooses_nothing_is_said_in_one_short_line(topology, expression, message):
    with pytest.raises(MoleculeError, match=message) as raised:
        select_atoms(topology, expression)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 350
