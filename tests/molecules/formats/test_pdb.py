from pathlib import Path

import numpy as np
import pytest
from ase.data import atomic_numbers
from openmm import app

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import load_system, load_systems
from openmm_mlff.molecules.files import read_structures

from ..conftest import assert_read_back, atom


def pdb(molecule, *, element=True, **options):
    return "".join(
        atom(k + 1, f" {s:3s}", position, element=s if element else "", **options)
        for k, (s, position) in enumerate(
            zip(molecule.symbols, molecule.positions_angstrom, strict=True)
        )
    )


def conect(pairs):
    return "".join(f"CONECT{i + 1:5d}{j + 1:5d}\n" for i, j in pairs)


def cryst1(a, b, c, alpha=90.0, beta=90.0, gamma=90.0, group="P 1"):
    return f"CRYST1{a:9.3f}{b:9.3f}{c:9.3f}{alpha:7.2f}{beta:7.2f}{gamma:7.2f} {group:11s}   1\n"


@pytest.mark.parametrize("element", [True, False])
def test_a_library_molecule_round_trips(write, dipeptide, element):
    system = load_system(write("peptide.pdb", pdb(dipeptide, element=element) + "END\n"))
    assert_read_back(system, dipeptide, atol=6e-4)
    assert system.cell_angstrom is None


@pytest.mark.parametrize(
    ("name", "residue", "symbol"),
    [
        (" CA ", "ALA", "C"),
        ("CA  ", "ALA", "C"),
        ("CA  ", " CA", "Ca"),
        (" NA ", " NA", "Na"),
        ("HE21", "GLN", "H"),
        ("1HB ", "ALA", "H"),
        ("HO5'", "LIG", "H"),
        ("CL1 ", "LIG", "Cl"),
        (" C1 ", "LIG", "C"),
        ("ZN  ", " ZN", "Zn"),
    ],
)
def test_elements_are_found_in_names(write, name, residue, symbol):
    hydrogen = atom(2, " HX ", (9, 0, 0), residue=residue) if len(residue.strip()) == 3 else ""
    text = atom(1, name, (0, 0, 0), residue=residue) + hydrogen
    numbers = read_structures(write("one.pdb", text))[0].atomic_numbers
    assert numbers[0] == atomic_numbers[symbol]


@pytest.mark.parametrize("written", ["1+", "+1"])
def test_charges_are_summed(write, written):
    text = atom(1, "NA  ", (0, 0, 0), residue="NA", element="NA", charge=written)
    other = atom(2, "CL  ", (9, 0, 0), residue="CL", element="CL", charge="1-")
    assert load_system(write("ion.pdb", text)).charge == 1
    assert load_system(write("salt.pdb", text + other)).charge == 0


@pytest.mark.parametrize(("opening", "closing"), [("MODEL        1\n", "ENDMDL\n"), ("", "END\n")])
def test_models_are_chosen_by_number(write, water, opening, closing):
    models = [water.with_positions(water.positions_angstrom + k) for k in range(3)]
    path = write("m.pdb", "".join(opening + pdb(model) + closing for model in models))
    assert [each.name for each in load_systems(path)] == ["m"]
    systems = load_systems(f"{path}@all")
    assert [each.name for each in systems] == ["m-0", "m-1", "m-2"]
    for system, model in zip(systems, models, strict=True):
        assert_read_back(system, model, atol=6e-4)


def test_complete_conect_records_are_the_bonds(write):
    # The last two atoms are 0.9 Å apart: no bond by their radii.
    positions = [(0, 0, 0), (0.74, 0, 0), (5, 0, 0), (5.9, 0, 0)]
    text = "".join(atom(k + 1, " H  ", p, element="H") for k, p in enumerate(positions))
    both = load_system(write("a.pdb", text + conect([(0, 1), (2, 3)])))
    assert both.bonds == ((0, 1), (2, 3))
    # One that leaves out a bonded atom is no list of bonds.
    part = load_system(write("b.pdb", text + conect([(2, 3)])))
    assert part.bonds == ((0, 1),)


def test_conect_records_between_distant_atoms_or_of_repeated_serials_are_not_used(write, water):
    far = pdb(water) + atom(4, "HE  ", (9, 0, 0), element="HE") + conect([(0, 1), (0, 2), (0, 3)])
    with pytest.raises(MoleculeError, match=r"the bond O1–He4 is 9\.00 Å long, expected at most"):
        load_system(write("bad.pdb", far))
    text = pdb(water).replace("    2  H", "    1  H") + conect([(0, 2)])
    assert load_system(write("w.pdb", text)).bonds == water.bonds


def test_cryst1_is_the_box_unless_it_is_a_dummy_or_a_crystal(write, water):
    system = load_system(write("w.pdb", cryst1(20, 21, 22, 80, 85, 95) + pdb(water)))
    lengths = np.linalg.norm(system.cell_angstrom, axis=1)
    np.testing.assert_allclose(lengths, [20, 21, 22])
    unit = system.cell_angstrom / lengths[:, None]
    cosines = (unit @ unit.T)[[1, 0, 0], [2, 2, 1]]
    np.testing.assert_allclose(cosines, np.cos(np.radians([80, 85, 95])))
    assert not np.triu(system.cell_angstrom, 1).any()
    assert system.bonds == water.bonds
    assert load_system(write("w.pdb", cryst1(1, 1, 1) + pdb(water))).cell_angstrom is None
    system = load_system(write("w.pdb", cryst1(20, 21, 22, group="P 21 21 21") + pdb(water)))
    assert system.cell_angstrom is None
    assert "its crystal cell is not used, because the space group is P 21 21 21" in system.source


def test_it_agrees_with_openmm_on_a_box_of_water(water):
    path = Path(app.__file__).parent / "data" / "tip3p.pdb"
    system = load_system(path)
    reference = app.PDBFile(str(path))
    assert list(system.atomic_numbers) == [
        a.element.atomic_number for a in reference.topology.atoms()
    ]
    box_angstrom = np.array(reference.topology.getPeriodicBoxVectors()._value) * 10.0
    np.testing.assert_allclose(system.cell_angstrom, box_angstrom, atol=1e-9)
    assert system.fragments == system.n_atoms // 3
