import shutil

import ase.io
import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff import molecules
from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import (
    MolecularSystem,
    covalent_bonds,
    fragment_count,
    fragment_labels,
    list_systems,
    load_system,
    pairs_within,
    systems_root,
)
from openmm_mlff.molecules.library import read_system_toml

# Formula in Hill order, charge, multiplicity, number of bonds, fragments.
MOLECULES = {
    "water": ("H2O", 0, 1, 2, 1),
    "methane": ("CH4", 0, 1, 4, 1),
    "ammonia": ("H3N", 0, 1, 3, 1),
    "methanol": ("CH4O", 0, 1, 5, 1),
    "ethanol": ("C2H6O", 0, 1, 8, 1),
    "acetamide": ("C2H5NO", 0, 1, 8, 1),
    "benzene": ("C6H6", 0, 1, 12, 1),
    "alanine": ("C3H7NO2", 0, 1, 12, 1),
    "valine": ("C5H11NO2", 0, 1, 18, 1),
    "alanine_dipeptide": ("C6H12N2O2", 0, 1, 21, 1),
    "acetate": ("C2H3O2", -1, 1, 6, 1),
    "alanine_tripeptide": ("C9H17N3O3", 0, 1, 31, 1),
    "ammonium": ("H4N", 1, 1, 4, 1),
    "aspirin": ("C9H8O4", 0, 1, 21, 1),
    "benzene_dimer": ("C12H12", 0, 1, 24, 2),
    "betaine": ("C5H11NO2", 0, 1, 18, 1),
    "chloride_in_water": ("H12ClO6", -1, 1, 12, 7),
    "chloromethane": ("CH3Cl", 0, 1, 4, 1),
    "dimethyl_sulfide": ("C2H6S", 0, 1, 8, 1),
    "fluoromethane": ("CH3F", 0, 1, 4, 1),
    "formamide_dimer": ("C2H6N2O2", 0, 1, 10, 2),
    "hydrogen_sulfide": ("H2S", 0, 1, 2, 1),
    "ibuprofen": ("C13H18O2", 0, 1, 33, 1),
    "imidazole": ("C3H4N2", 0, 1, 9, 1),
    "methyl_radical": ("CH3", 0, 2, 3, 1),
    "oxygen": ("O2", 0, 3, 1, 1),
    "phosphate": ("H2O4P", -1, 1, 6, 1),
    "sodium_in_water": ("H8NaO4", 1, 1, 8, 5),
    "water_dimer": ("H4O2", 0, 1, 4, 2),
}
# Neutral, of one fragment, of the elements H, C, N and O alone.
FIRST_TEN = list(MOLECULES)[:10]
# Formula, neighbours of each atom that are bonded, distance of nearest neighbours in units of a
# box of that many cells.
CRYSTALS = {
    "diamond": ("C216", 4, 3**0.5 / 4 / 3),
    "silicon": ("Si64", 4, 3**0.5 / 4 / 2),
    "copper": ("Cu108", 12, 0.5**0.5 / 3),
    "rock_salt": ("Cl32Na32", 0, 0.5 / 2),
}

WATER_XYZ = "3\n\nO 0.0 0.0 0.1\nH 0.76 0.0 -0.5\nH -0.76 0.0 -0.5\n"


@pytest.fixture
def water():
    return load_system("water")


def make(numbers=(8, 1, 1), positions=((0, 0, 0.1), (0.76, 0, -0.5), (-0.76, 0, -0.5)), **fields):
    return MolecularSystem(
        name="made", atomic_numbers=np.array(numbers), positions_angstrom=positions, **fields
    )


def write(folder, name, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --- the library ---------------------------------------------------------------------------


def test_the_library_is_complete():
    liquids = {"argon_108", "water_box_64", "ethanol_in_water"}
    assert set(list_systems()) == {*MOLECULES, *CRYSTALS, *liquids}
    assert list_systems() == sorted(list_systems())


@pytest.mark.parametrize("name", MOLECULES)
def test_molecules_have_their_electrons_bonds_and_fragments(name):
    system = load_system(name)
    electrons = (system.charge, system.multiplicity)
    found = (system.formula, *electrons, len(system.bonds), system.fragments)
    assert (system.name, found) == (name, MOLECULES[name])
    assert "GFN2-xTB" in system.source


@pytest.mark.parametrize("name", CRYSTALS)
def test_crystals_are_wide_and_have_the_neighbours_of_their_structure(name):
    formula, neighbours, nearest = CRYSTALS[name]
    system = load_system(name)
    width = system.cell_angstrom[0, 0]
    np.testing.assert_array_equal(system.cell_angstrom, width * np.eye(3))
    assert (system.formula, width >= 10.0) == (formula, True)
    counts = np.bincount(np.array(system.bonds, dtype=int).ravel(), minlength=system.n_atoms)
    assert set(counts) == {neighbours}
    _, distances = pairs_within(
        system.positions_angstrom, cutoff_angstrom=3.0, cell_angstrom=system.cell_angstrom
    )
    assert distances.min() == pytest.approx(nearest * width)


@pytest.mark.parametrize("name", list_systems())
def test_the_purpose_and_the_source_of_each_are_recorded(name):
    recorded = read_system_toml(systems_root() / name)
    assert recorded["purpose"]
    assert recorded["source"]


@pytest.mark.parametrize("name", FIRST_TEN)
def test_heavy_atoms_come_first(name):
    is_hydrogen = load_system(name).atomic_numbers == 1
    assert list(is_hydrogen) == sorted(is_hydrogen)


@pytest.mark.parametrize("name", FIRST_TEN)
def test_every_valence_is_saturated(name):
    system = load_system(name)
    neighbours = np.bincount(np.ravel(system.bonds), minlength=system.n_atoms)
    # Hydrogen has one neighbour, oxygen one or two, nitrogen three; carbon three or four.
    allowed = {1: {1}, 6: {3, 4}, 7: {3}, 8: {1, 2}}
    for number, count in zip(system.atomic_numbers, neighbours, strict=True):
        assert count in allowed[int(number)]


@pytest.mark.parametrize("name", ["alanine", "valine"])
def test_amino_acids_are_not_zwitterions(name):
    system = load_system(name)
    partners = {atom: [] for atom in range(system.n_atoms)}
    for i, j in system.bonds:
        partners[i].append(system.symbols[j])
        partners[j].append(system.symbols[i])
    nitrogen = system.symbols.index("N")
    oxygens = [i for i, symbol in enumerate(system.symbols) if symbol == "O"]
    assert sorted(partners[nitrogen]) == ["C", "H", "H"]
    assert sorted(sorted(partners[i]) for i in oxygens) == [["C"], ["C", "H"]]


@pytest.mark.parametrize("name", MOLECULES)
def test_stored_geometry_is_a_minimum_of_gfn2(name):
    system = load_system(name)
    atoms = system.to_ase()
    atoms.calc = pytest.importorskip("tblite.ase").TBLite(
        method="GFN2-xTB", charge=system.charge, multiplicity=system.multiplicity, verbosity=0
    )
    assert np.linalg.norm(atoms.get_forces(), axis=1).max() < 0.012


@pytest.mark.parametrize("spelling", ["Alanine-Dipeptide", "ALANINE_DIPEPTIDE"])
def test_library_names_are_forgiving(spelling):
    assert load_system(spelling).name == "alanine_dipeptide"


def test_a_new_molecule_is_one_new_folder(tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(systems_root() / "water", folder)
    assert load_system(folder).sha256 == load_system("water").sha256


# --- the molecule --------------------------------------------------------------------------


def test_arrays_are_read_only_copies():
    positions = np.array([[0.0, 0, 0], [0.74, 0, 0]])
    system = make((1, 1), positions)
    positions[0, 0] = 99.0
    assert system.positions_angstrom[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        system.positions_angstrom[0, 0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        system.atomic_numbers[0] = 6


def test_properties(water):
    assert water.n_atoms == 3
    assert water.n_electrons == 10
    assert water.symbols == ("O", "H", "H")
    assert water.atomic_numbers.dtype == np.int64
    assert water.positions_angstrom.dtype == np.float64
    np.testing.assert_allclose(water.masses_amu, [15.999, 1.008, 1.008])


def test_to_ase_gives_an_independent_copy(water):
    atoms = water.to_ase()
    assert isinstance(atoms, Atoms)
    assert not atoms.pbc.any()
    assert atoms.info["charge"] == 0
    atoms.positions += 1.0
    assert not np.allclose(atoms.positions, water.positions_angstrom)


def test_with_positions_keeps_the_bonds_of_the_original_and_its_shape(water):
    stretched = water.with_positions(3.0 * water.positions_angstrom, name="stretched")
    assert stretched.name == "stretched"
    assert stretched.bonds == water.bonds
    assert covalent_bonds(stretched.atomic_numbers, stretched.positions_angstrom) == ()
    assert water.with_positions(water.positions_angstrom).name == "water"
    with pytest.raises(MoleculeError, match=r"\(2, 3\)"):
        water.with_positions(water.positions_angstrom[:2])


def test_sha256_sees_everything_but_the_name(water):
    same = make(water.atomic_numbers, water.positions_angstrom)
    assert same.sha256 == water.sha256
    moved = water.positions_angstrom + np.array([1e-12, 0, 0])
    others = [
        make(water.atomic_numbers, moved),
        make(water.atomic_numbers, water.positions_angstrom, charge=2),
        make(water.atomic_numbers, water.positions_angstrom, multiplicity=3),
        make((8, 1, 9), water.positions_angstrom),
    ]
    assert len({water.sha256, *(other.sha256 for other in others)}) == 5


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"numbers": np.zeros(0, int)}, r"shape \(0,\), expected \(N,\)"),
        ({"numbers": (8, 1)}, r"positions have shape \(3, 3\), expected \(2, 3\)"),
        ({"numbers": (8.0, 1.0, 1.0)}, "float64"),
        ({"numbers": (8, 1, 0)}, "atomic number 0"),
        ({"numbers": (8, 1, 119)}, "atomic number 119"),
        ({"positions": ((0, 0, 0), (1, 0, 0), (0, np.nan, 1))}, "H3"),
        ({"positions": ((0, 0, 0), (np.inf, 0, 0), (0, 1, 1))}, "H2"),
        ({"positions": ((0, 0, 0), (1, 0, 0), (1, 0, 0.05))}, "H2 and H3"),
        ({"charge": 1}, "9 electrons"),
        ({"multiplicity": 2}, "10 electrons"),
        ({"charge": 11, "multiplicity": 2}, "-1 electrons"),
        ({"multiplicity": 0}, "multiplicity 0"),
        ({"multiplicity": 13}, "multiplicity 13"),
    ],
)
def test_impossible_molecules_are_refused_in_one_line(fields, message):
    with pytest.raises(MoleculeError, match=message) as caught:
        make(**fields)
    assert "\n" not in str(caught.value)


# --- bonds ---------------------------------------------------------------------------------


def test_bond_limit_is_the_factor_times_the_radii():
    # Cordero radii: H 0.31 Å; 1.25 × 0.62 = 0.775 Å.
    def bonded(distance_angstrom):
        return covalent_bonds([1, 1], [[0, 0, 0], [distance_angstrom, 0, 0]])

    assert bonded(0.774) == ((0, 1),)
    assert bonded(0.776) == ()


def test_bonds_of_many_molecules_do_not_cross(water):
    shifts = 5.0 * np.array([[i, j, k] for i in range(3) for j in range(3) for k in range(3)])
    positions = (water.positions_angstrom + shifts[:, None, :]).reshape(-1, 3)
    box = make(np.tile(water.atomic_numbers, 27), positions)
    assert box.fragments == 27
    assert len(box.bonds) == 54
    assert all(i // 3 == j // 3 for i, j in box.bonds)


def test_a_single_atom_has_no_bonds():
    helium = make((2,), [[0.0, 0, 0]])
    assert helium.bonds == ()
    assert helium.fragments == 1


def test_fragments_on_plain_numbers():
    assert fragment_labels(5, bonds=[(3, 4), (1, 3)]) == [0, 1, 2, 1, 1]
    assert fragment_count(5, bonds=[(3, 4), (1, 3)]) == 3
    assert fragment_count(0, bonds=[]) == 0


@given(st.lists(st.tuples(*[st.floats(-3, 3)] * 3), min_size=1, max_size=12), st.floats(0.1, 4))
def test_pairs_agree_with_the_full_distance_matrix(points, cutoff_angstrom):
    positions = np.array(points)
    pairs, distances = pairs_within(positions, cutoff_angstrom=cutoff_angstrom)
    full = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    np.testing.assert_allclose(distances, full[pairs[:, 0], pairs[:, 1]], rtol=1e-12)
    clear = np.triu(np.abs(full - cutoff_angstrom) > 1e-9, k=1)
    expected = {tuple(pair) for pair in np.argwhere(clear & (full < cutoff_angstrom))}
    assert expected == {(i, j) for i, j in pairs if clear[i, j]}


# --- files of the user's own ---------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".xyz", ".extxyz", ".pdb", ".sdf", ".mol"])
def test_formats_round_trip(tmp_path, suffix, water):
    path = tmp_path / f"mine{suffix}"
    formats = {".pdb": "proteindatabank", ".sdf": "sdf", ".mol": "sdf"}
    ase.io.write(path, water.to_ase(), format=formats.get(suffix, "extxyz"))
    system = load_system(path)
    assert system.name == "mine"
    assert system.formula == "H2O"
    assert f"mine{suffix}" in system.source
    # A PDB file has three decimals.
    np.testing.assert_allclose(system.positions_angstrom, water.positions_angstrom, atol=6e-4)
    assert system.bonds == water.bonds


def test_strings_name_files_too_but_a_library_name_takes_precedence(tmp_path, monkeypatch):
    write(tmp_path, "mine.xyz", WATER_XYZ)
    write(tmp_path, "water", "rubbish")
    monkeypatch.chdir(tmp_path)
    assert load_system("mine.xyz").formula == load_system("./mine.xyz").formula == "H2O"
    assert "GFN2" in load_system("water").source


@pytest.mark.parametrize("written", ["-2", "2.0"])
def test_a_charge_recorded_in_an_xyz_file_is_read(tmp_path, written):
    text = WATER_XYZ.replace("\n\n", f"\ncharge={written}\n", 1)
    assert load_system(write(tmp_path, "ion.xyz", text)).charge == float(written)


def test_charge_and_multiplicity_can_be_overridden(tmp_path):
    path = write(tmp_path, "oh.xyz", "2\n\nO 0 0 0\nH 0 0 0.97\n")
    with pytest.raises(MoleculeError, match="set charge or multiplicity"):
        load_system(path)
    assert load_system(path, charge=-1).charge == -1
    assert load_system(path, multiplicity=2).multiplicity == 2
    assert load_system("water", charge=np.int64(2)).n_electrons == 8


def test_unknown_names_are_told_the_nearest_and_all():
    with pytest.raises(MoleculeError, match="did you mean methanol") as caught:
        load_system("methanool")
    assert all(name in str(caught.value) for name in list_systems())
    with pytest.raises(MoleculeError) as caught:
        load_system("zzzzzz")
    assert "did you mean" not in str(caught.value)


def test_the_wheels_own_folder_is_found_or_the_installation_is_incomplete(tmp_path, monkeypatch):
    inside = tmp_path / "openmm_mlff" / "systems"
    module = tmp_path / "openmm_mlff" / "molecules" / "library.py"
    monkeypatch.setattr(molecules.library, "__file__", str(module))
    with pytest.raises(MoleculeError, match="installation"):
        systems_root()
    inside.mkdir(parents=True)
    assert systems_root() == inside
    assert list_systems() == []


def test_every_program_finds_the_multiplicity_under_its_own_name():
    info = load_system("oxygen").to_ase().info
    # 2S + 1 by each name: MACE, fairchem and ORB read spin, AIMNet2 mult.
    assert (info["multiplicity"], info["spin"], info["mult"], info["charge"]) == (3, 3, 3, 0)
