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


ODD = ("36H", "HOH", "HOH", "K+", "1PE", "123", "A-B", "C*1", "H", "eth")


@pytest.fixture(scope="module")
def odd():
    """One atom C1' in each residue."""
    made = app.Topology()
    for name in ODD:
        residue = made.addResidue(name, made.addChain())
        made.addAtom("C1'", app.Element.getBySymbol("C"), residue)
    return made


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        *((f"resname {name}", [ODD.index(name)]) for name in ODD if name != "HOH"),
        ("resname \"36H\" or resname '1PE'", [0, 4]),
        ("resname 36H K+ H", [0, 3, 8]),
        ("resname==36H", [0]),
        ("resname =~ '.*H'", [0, 1, 2, 8]),
        ("not (resname HOH or resname A-B)", [0, 3, 4, 5, 7, 8, 9]),
        ("name C1' and resname 123", [5]),
        ("index 1 to 3 and not resname K+", [1, 2]),
    ],
)
def test_odd_names_need_no_quotes(odd, expression, expected):
    assert select_atoms(odd, expression).tolist() == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("resname LIG", "none of 10 atoms; the residues are named 123, 1PE, 36H, .*, HOH:"),
        ("resname ETH", "case-sensitive: write resname eth"),
        ("eth", "'eth' is the name of a residue; write resname eth"),
        ("chain A", "'chain' is not a keyword; did you mean 'chainid'"),
        ("resname = eth", "= is not an operator; write =="),
        ("(resname eth", "bracket is not closed"),
        ("resname eth)", "bracket is closed"),
        ("resname eth and", "nothing follows 'and'"),
        ("", "it is empty"),
        ("name ==", "cannot read the selection.*MDTraj: .*char"),
    ],
)
def test_what_cannot_be_read_is_explained_in_one_short_line(odd, expression, message):
    with pytest.raises(MoleculeError, match=message) as raised:
        select_atoms(odd, expression)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 350
