"""Structures that are damaged, empty, impossible or of another kind."""

import os

import pytest

from .conftest import BOX, SDF, WATER

CRYST1 = "CRYST1    9.000    9.000    9.000  90.00  90.00  90.00 P 1           1\n"
PDB = "HETATM    1  O   HOH A   1       0.000   0.000   0.000  1.00  0.00           O\nEND\n"
MOL2 = (
    "@<TRIPOS>MOLECULE\nwater\n 3 2\nSMALL\nUSER_CHARGES\n\n@<TRIPOS>ATOM\n"
    " 1 O 0.00 0.00 0.00 O.3 1 HOH -0.8\n 2 H 0.96 0.00 0.00 H 1 HOH 0.4\n"
    " 3 H -0.24 0.93 0.00 H 1 HOH 0.4\n@<TRIPOS>BOND\n 1 1 2 1\n 2 1 3 1\n"
)
CIF = (
    "data_x\nloop_\n_atom_site.type_symbol\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n"
    "_atom_site.Cartn_z\nO 0 0 0\n"
)
RUBBISH = bytes(range(256)) * 4

STRUCTURES = [
    # Nothing, or not text.
    ("empty.xyz", "", "it has no structure"),
    ("empty.pdb", "", "it has no atoms"),
    ("empty.cif", "", "neither _atom_site"),
    ("rubbish.xyz", RUBBISH, "cannot be read as XYZ"),
    ("zeros.xyz", bytes(4096), "cannot be read as XYZ"),
    ("utf16.xyz", WATER.encode("utf-16"), "UTF-16"),
    ("utf32.mol2", MOL2.encode("utf-32"), "UTF-16"),
    # Cut short, or counting wrongly.
    ("short.xyz", "5\n\nO 0 0 0\n", "fewer atoms than the 5 that"),
    ("million.xyz", "1000000\n\n" + "H 0 0 0\n" * 20, "1000000 atoms; expected at most"),
    ("digits.xyz", "9" * 5000 + "\n\nO 0 0 0\n", "cannot be read as XYZ"),
    ("none.xyz", "0\n\n", "it has no atoms"),
    ("minus.xyz", "-3\n\nO 0 0 0\n", "-3 is not a number of atoms"),
    ("word.xyz", "1\n\nO zero 0 0\n", "cannot be read as XYZ"),
    ("stars.pdb", PDB.replace("   0.000   0.000", "********   0.000", 1), "cannot be read as PDB"),
    ("noend.sdf", SDF.replace("M  END\n$$$$\n", ""), "cannot be read as SDF"),
    ("header.sdf", "water\n", "a header of four"),
    ("bond.sdf", SDF.replace("  1  3  1  0", "  1  7  1  0"), "cannot be read as SDF"),
    ("chg.sdf", SDF.replace("M  END", "M  CHG  1   1  xx\nM  END"), "cannot be read as SDF"),
    ("long.sdf", SDF.replace("-0.2400", "90.2400"), "expected at most"),
    ("counts.mol2", MOL2.replace(" 3 2", " 4 2"), "its header says 4 and 2"),
    ("bond.mol2", MOL2.replace(" 2 1 3 1", " 2 1 8 1"), "cannot be read as MOL2"),
    ("charge.mol2", MOL2.replace("-0.8", "-0.3"), "not a whole number"),
    ("half.cif", CIF.replace("O 0 0 0", "O 0 0"), "cannot be read as CIF"),
    ("small.cif", "data_x\nloop_\n_atom_site_fract_x\n0.5\n", "neither _atom_site"),
    ("text.cif", "data_x\n_a\n;\nno end\n", "cannot be read as CIF"),
    # Elements, coordinates, electrons.
    ("element.xyz", "1\n\nQq 0 0 0\n", "'Qq' is not an element"),
    ("dummy.xyz", "1\n\nX 0 0 0\n", "not an element; virtual sites"),
    ("element.sdf", SDF.replace(" O   0", " Zz  0"), "'Zz' is not an element"),
    ("iron.xyz", "1\n\nFe 0 0 0\n", "does not support Fe"),
    ("nan.xyz", WATER.replace("0.93", "nan"), "not finite"),
    ("huge.xyz", WATER.replace("0.93", "1e300"), "1e+300"),
    ("nan.pdb", PDB.replace("HOH", "LIG").replace("   0.000", "     nan", 1), "not finite"),
    ("same.xyz", WATER.replace("-0.24 0.93 0", "0.96 0 0"), "closer than any bond"),
    ("bare.xyz", "1\ncharge=2\nH 0 0 0\n", "are impossible with -1 electrons"),
    ("long.box.xyz", BOX.format("1e200 0 0 0 1e200 0 0 0 1e200"), "are longer than 100000 Å"),
    ("radical.xyz", "2\n\nO 0 0 0\nH 0.96 0 0\n", "set charge or multiplicity"),
    ("charge.xyz", WATER.replace("3\n\n", "3\ncharge=0.5\n"), "charge is 0.5"),
    ("word.charge.xyz", WATER.replace("3\n\n", "3\ncharge=plus\n"), "charge is 'plus'"),
    ("yes.charge.xyz", WATER.replace("3\n\n", "3\ncharge=T\n"), "charge is True"),
    ("two.spins.xyz", WATER.replace("3\n\n", "3\nspin=3 multiplicity=1\n"), "contradict"),
    ("nan.charge.xyz", WATER.replace("3\n\n", "3\ncharge=nan\n"), "charge is nan"),
    # Boxes.
    ("flat.xyz", BOX.format("9 0 0 0 9 0 0 0 0"), "expected a right-handed box"),
    ("left.xyz", BOX.format("0 9 0 9 0 0 0 0 9"), "expected a right-handed box"),
    ("nan.box.xyz", BOX.format("nan 0 0 0 9 0 0 0 9"), "three finite vectors"),
    ("thin.box.xyz", BOX.format("0.5 0 0 0 9 0 0 0 9"), "at least 1 Å wide"),
    ("eight.box.xyz", BOX.format("9 0 0 0 9 0 0 0"), "Lattice= does not hold nine numbers"),
    ("slab.xyz", BOX.format("9 0 0 0 9 0 0 0 9").replace("T T T", "T T F"), "slabs and wires"),
    ("angles.pdb", CRYST1.replace("90.00  90.00  90.00", "10.00  90.00 170.00") + PDB, "angles"),
    # Suffixes and kinds of files.
    ("water.gro", WATER, "'.gro' is not a supported structure format"),
    ("mywater", WATER, "'' is not a supported structure format"),
    ("folder.xyz", lambda path: path.mkdir(), "cannot be read as a system's TOML"),
    ("loop.xyz", lambda path: path.symlink_to(path), "too many levels of symbolic links"),
    ("dangling.xyz", lambda path: path.symlink_to("nowhere"), "no such file: dangling.xyz"),
    ("pipe.xyz", lambda path: os.mkfifo(path), "not a regular file"),
    ("run.json.xyz", WATER, "'run.json' is a reserved file name"),
    ("figures.xyz", WATER, "'figures' is a reserved file name"),
]

NAMES = [
    ("missing.xyz", "no such file: missing.xyz"),
    ("watr", "did you mean water?"),
    ("''", "unknown system ''"),
    ("two@1", "unknown system 'two@1'"),
    ("~nobody-of-this-name/water.xyz", "no such file: ~nobody-of-this-name/water.xyz"),
    (".", "system.toml"),
    ("a" * 5000, "aaa...': the library has"),
    ("a" * 300 + ".xyz", "file name too long: aaa"),
    ("/dev/null", "not a supported structure format"),
    ("good.xyz@1", "it has no @1; expected @0"),
    ("good.xyz@-1", "'@-1' does not select a frame"),
    ("good.xyz@", "'@' does not select a frame"),
    ("good.xyz@" + "9" * 30, "does not select a frame"),
    ("missing.xyz@all", "no such file: missing.xyz"),
    ("smiles:", "is not a SMILES"),
    ("smiles:C(", "'C(' is not a SMILES"),
    ("smiles:*", "'*' is not an element"),
    ("smiles:[Fe]", "does not support Fe"),
    ("smiles:" + "C" * 3000, "9002 atoms; expected at most"),
]

VALIDATE = "validate student:tiny --protocol quick --platform Reference --output out --system "


@pytest.mark.parametrize(
    ("name", "content", "expected"), STRUCTURES, ids=[name for name, *_ in STRUCTURES]
)
def test_a_structure_that_is_none(refuses, name, content, expected):
    refuses(VALIDATE + name, expected, files={name: content})


@pytest.mark.parametrize(("name", "expected"), NAMES, ids=[name[:40] for name, _ in NAMES])
def test_a_name_of_no_structure(refuses, name, expected):
    refuses(VALIDATE + name, expected, files={"good.xyz": WATER})
