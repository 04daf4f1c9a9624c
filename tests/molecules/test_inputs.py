"""Typical input of users by kind: read as intended, or refused in one line."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.db import connect
from ase.io import write as write_ase
from rdkit import Chem

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import load_system, load_systems
from openmm_mlff.molecules.files import read_structures

from .conftest import atom, embedded


def pdb(*atoms, **common):
    """Write atoms as (name with its columns, position, element, residue, number, altloc)."""
    names = ("element", "residue", "number", "altloc")
    lines = [
        atom(serial, name, position, **common, **dict(zip(names, rest, strict=False)))
        for serial, (name, position, *rest) in enumerate(atoms, start=1)
    ]
    return "".join(lines) + "END\n"


def crystal(*rows, side=5.0, group="P 1"):
    """Write a cubic crystal as CIF; a row has label, fractions and occupancy of an atom."""
    lines = ["data_x", f"_symmetry_space_group_name_H-M '{group}'"]
    lines += [f"_cell_length_{axis} {side}" for axis in "abc"]
    lines += [f"_cell_angle_{angle} 90" for angle in ("alpha", "beta", "gamma")]
    columns = ("label", "fract_x", "fract_y", "fract_z", "occupancy")
    return "\n".join([*lines, "loop_", *(f"_atom_site_{name}" for name in columns), *rows, ""])


# Distances of two atoms, Å, along x; a name in the first column, as many programs write it.
NAMES = [
    (("CD2 ", "HD2 "), 1.08, "CH"),
    (("CL1 ", " C1 "), 1.74, "CCl"),
    (("BR  ", " C1 "), 1.90, "CBr"),
    (("SE  ", " C1 "), 1.95, "CSe"),
    (("NE2 ", "CE1 "), 1.32, "CN"),
    (("HG  ", " O1 "), 0.96, "HO"),
    (("FE  ", " N1 "), 2.00, "FeN"),
    (("SI1 ", " O1 "), 1.63, "OSi"),
    (("CA  ", " O1 "), 2.40, "CaO"),
    (("ZN  ", " O1 "), 2.10, "OZn"),
]


@pytest.mark.parametrize(("names", "apart", "formula"), NAMES)
def test_an_element_is_that_of_name_and_bond_length(write, names, apart, formula):
    text = pdb((names[0], (0, 0, 0)), (names[1], (apart, 0, 0)))
    numbers = read_structures(write("x.pdb", text))[0].atomic_numbers
    assert Atoms(numbers=numbers).get_chemical_formula("hill") == formula


WATER = ((" O  ", (0, 0, 0)), (" H1 ", (0.957, 0, 0)), (" H2 ", (-0.24, 0.927, 0)))

REFUSED = [
    # Elements without evidence.
    ("alone.pdb", pdb(("CA  ", (0, 0, 0)), ("CB  ", (9, 0, 0))), "atom 1 (CA of LIG A 1) may be"),
    ("noname.pdb", pdb(("A1  ", (0, 0, 0))), "atom 1 (A1 of LIG A 1) has no element"),
    # Particles that are not atoms.
    *(
        (f"{name.strip()}.pdb", pdb(*WATER, (name, (0.09, 0.12, 0)), residue="SOL"), said)
        for name, said in [
            (" MW ", "(MW of SOL A 1)"),
            (" EPW", "(EPW of SOL A 1)"),
            (" LP1", "(LP1 of SOL A 1)"),
            (" DO ", "(DO of SOL A 1) is a Drude particle"),
            (" OM ", "O1–O4 are 0.150 Å apart"),
        ]
    ),
    (
        "lp.mol2",
        "@<TRIPOS>MOLECULE\nx\n1 0\nSMALL\nNO_CHARGES\n@<TRIPOS>ATOM\n1 L1 0 0 0 LP 1 LIG 0\n",
        "'LP' is not an element",
    ),
    ("lp.xyz", "2\n\nO 0 0 0\nLP 0.3 0 0\n", "'LP' is not an element; virtual sites"),
    (
        "massless.extxyz",
        "2\nProperties=species:S:1:pos:R:3:masses:R:1\nHe 0 0 0 4\nHe 3 0 0 0\n",
        "atom 2 (He) has mass 0",
    ),
    # Missing hydrogens.
    ("crystal.pdb", pdb((" O  ", (0, 0, 0), "O"), residue="HOH"), "residue HOH A 1 has no hydr"),
    # Charge and spin.
    ("q.xyz", "1\nnet_charge=2\nHe 0 0 0\n", "net_charge=2 is not recognised; write charge="),
    ("tot.xyz", "1\ntot_q=2\nHe 0 0 0\n", "tot_q=2 is not recognised; write charge="),
    ("2s.xyz", "1\n2S+1=3\nHe 0 0 0\n", "2S+1=3 is not recognised; write multiplicity="),
    ("s.xyz", "1\nS=1\nHe 0 0 0\n", "S=1 is not recognised; write multiplicity="),
    ("s.xyz", "1\nnum_unpaired=2\nHe 0 0 0\n", "num_unpaired=2 is not recognised; write mult"),
    ("atom.xyz", "1\n\nO 0 0 0\n", "ground state of O1 is a triplet"),
    # Crystals.
    ("half.cif", crystal("Na1 0 0 0 0.5"), "partially occupied"),
]


@pytest.mark.parametrize(("name", "text", "said"), REFUSED, ids=[name for name, *_ in REFUSED])
def test_a_structure_is_refused_by_name(write, name, text, said):
    with pytest.raises(MoleculeError) as caught:
        load_system(write(name, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_locations_are_chosen_by_atom_name(write):
    """An atom with label B alone, and one with and without a label, are kept once."""
    text = pdb(
        (" O  ", (0, 0, 0), "O", "LIG", 1, "A"),
        (" O  ", (0, 0, 0.1), "O", "LIG", 1, "B"),
        (" H1 ", (0.957, 0, 0), "H", "LIG", 1, "B"),
        (" H2 ", (-0.24, 0.927, 0), "H"),
        (" H2 ", (-0.24, 0, 0.927), "H", "LIG", 1, "A"),
    )
    system = load_system(write("w.pdb", text))
    assert system.formula == "H2O"
    assert system.positions_angstrom[0, 2] == 0.0
    assert "2 atoms at alternate locations left out in LIG A 1" in system.source
    # Atoms of one name are all kept.
    atoms = [(" H  ", (0.74 * k, 0, 0), "H", "LIG", k // 2) for k in (0, 1)]
    assert load_system(write("h.pdb", pdb(*atoms))).formula == "H2"


def heavy_atoms(smiles):
    """An SDF in three dimensions without hydrogens."""
    return Chem.MolToMolBlock(Chem.RemoveHs(embedded(smiles))) + "$$$$\n"


def test_missing_hydrogens_are_named_and_added_on_request(write):
    path = write("acetone.sdf", heavy_atoms("CC(C)=O"))
    with pytest.raises(MoleculeError, match="6 hydrogens are missing at C1–C3"):
        load_system(path)
    system = load_system(path, add_hydrogens=True)
    assert system.formula == "C3H6O"
    lengths = [
        np.linalg.norm(np.subtract(*system.positions_angstrom[[i, j]])) for i, j in system.bonds
    ]
    assert min(lengths) > 1.0
    with pytest.raises(MoleculeError, match="SDF and MOL files only"):
        load_system(write("w.xyz", "1\n\nHe 0 0 0\n"), add_hydrogens=True)


def test_unpaired_electrons_and_a_given_charge_explain_open_valences(write):
    path = write("c2.sdf", heavy_atoms("CC"))
    with pytest.raises(MoleculeError, match="6 hydrogens are missing"):
        load_system(path, multiplicity=5)
    assert load_system(path, multiplicity=7).multiplicity == 7


@pytest.mark.parametrize(
    ("name", "text", "mass"),
    [
        ("d.xyz", "2\n\nD 0 0 0\nH 0.74 0 0\n", 2.014),
        ("d.extxyz", "2\nProperties=pos:R:3:species:S:1\n0 0 0 T\n0.74 0 0 H\n", 3.016),
        ("d.pdb", pdb((" D1 ", (0, 0, 0)), (" H1 ", (0.74, 0, 0)), residue="DOD"), 2.014),
        ("smiles:[2H][H]", None, 2.014),
        ("smiles:[13CH4]", None, 13.003),
    ],
)
def test_isotopes_have_their_masses(write, name, text, mass):
    system = load_system(name if text is None else write(name, text))
    assert system.masses_amu[0] == pytest.approx(mass, abs=2e-3)
    assert system.masses_amu[1] == pytest.approx(1.008, abs=1e-3)
    assert "isotopes" in system.source
    assert system.to_ase().get_masses()[0] == system.masses_amu[0]


SILICON = bulk("Si", "diamond", a=5.43)


@pytest.mark.parametrize("name", ["Si.cif", "POSCAR", "Si.vasp", "Si.db"])
def test_a_primitive_crystal_is_made_large_enough(tmp_path, name):
    path = tmp_path / name
    if path.suffix == ".db":
        connect(path).write(SILICON)
    else:
        write_ase(path, SILICON, format="cif" if name.endswith("cif") else "vasp")
    system = load_system(path)
    assert system.formula == "Si128"
    assert "4 × 4 × 4" in system.source
    assert np.linalg.det(system.cell_angstrom) == pytest.approx(64 * 5.43**3 / 4, rel=1e-4)


def test_an_odd_number_of_electrons_in_a_repeated_cell_is_a_doublet(tmp_path):
    write_ase(tmp_path / "Cu.vasp", bulk("Cu", a=3.61), format="vasp")
    system = load_system(tmp_path / "Cu.vasp")
    assert (system.formula, system.multiplicity) == ("Cu125", 2)


def test_symmetry_is_expanded(write):
    text = crystal("Na1 0 0 0 1", "Cl1 0.5 0.5 0.5 1", side=5.64, group="F m -3 m")
    assert load_system(write("salt.cif", text)).formula == "Cl32Na32"


def test_a_trajectory_has_frames(tmp_path, water):
    path = tmp_path / "run.traj"
    write_ase(path, [water.to_ase(), water.to_ase()])
    assert [system.name for system in load_systems(f"{path}@all")] == ["run-0", "run-1"]
    assert load_system(path).formula == "H2O"
    path.write_bytes(b"rubbish")
    with pytest.raises(MoleculeError, match="cannot be read as TRAJ"):
        load_system(path)


@pytest.mark.parametrize(
    ("spec", "name", "expected"),
    [
        ("smiles:CC(C)Cc1ccc(cc1)C(C)C(=O)O", None, "C13H18O2-572a"),
        ("smiles:CC(C)Cc1ccc(cc1)C(C)C(=O)O ibuprofen", None, "ibuprofen"),
        ("smiles:CCO", None, "CCO"),
        ("smiles:CCO", "ethyl alcohol", "ethyl_alcohol"),
        ("water", "mine", "mine"),
    ],
)
def test_a_system_has_a_short_readable_name(spec, name, expected):
    assert load_system(spec, name=name).name == expected
