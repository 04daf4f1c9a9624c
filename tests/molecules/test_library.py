"""The library of systems: complete, with the stated electrons, bonds and minima."""

import numpy as np
import pytest

from openmm_mlff import molecules
from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import list_systems, load_system, pairs_within, systems_root
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


def test_the_library_is_complete_and_records_purpose_and_source():
    liquids = {"argon_108", "water_box_64", "ethanol_in_water"}
    assert list_systems() == sorted({*MOLECULES, *CRYSTALS, *liquids})
    for name in list_systems():
        recorded = read_system_toml(systems_root() / name)
        assert recorded["purpose"]
        assert recorded["source"]


@pytest.mark.parametrize("name", MOLECULES)
def test_molecules_are_minima_of_gfn2_with_their_electrons_bonds_and_fragments(name):
    system = load_system(name)
    electrons = (system.charge, system.multiplicity)
    found = (system.formula, *electrons, len(system.bonds), system.fragments)
    assert (system.name, found) == (name, MOLECULES[name])
    assert "GFN2-xTB" in system.source
    atoms = system.to_ase()
    atoms.calc = pytest.importorskip("tblite.ase").TBLite(
        method="GFN2-xTB", charge=system.charge, multiplicity=system.multiplicity, verbosity=0
    )
    assert np.linalg.norm(atoms.get_forces(), axis=1).max() < 0.012


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


@pytest.mark.parametrize("name", FIRST_TEN)
def test_every_valence_is_saturated_and_heavy_atoms_come_first(name):
    system = load_system(name)
    neighbours = np.bincount(np.ravel(system.bonds), minlength=system.n_atoms)
    # Hydrogen has one neighbour, oxygen one or two, nitrogen three; carbon three or four.
    allowed = {1: {1}, 6: {3, 4}, 7: {3}, 8: {1, 2}}
    for number, count in zip(system.atomic_numbers, neighbours, strict=True):
        assert count in allowed[int(number)]
    is_hydrogen = list(system.atomic_numbers == 1)
    assert is_hydrogen == sorted(is_hydrogen)


@pytest.mark.parametrize("name", ["alanine", "valine"])
def test_amino_acids_are_not_zwitterions(name):
    system = load_system(name)
    bonds = [{system.symbols[atom] for atom in bond} for bond in system.bonds]
    assert (bonds.count({"N", "H"}), bonds.count({"O", "H"})) == (2, 1)


def test_the_wheels_own_folder_is_found_or_the_installation_is_incomplete(tmp_path, monkeypatch):
    inside = tmp_path / "openmm_mlff" / "systems"
    module = tmp_path / "openmm_mlff" / "molecules" / "library.py"
    monkeypatch.setattr(molecules.library, "__file__", str(module))
    with pytest.raises(MoleculeError, match="installation"):
        systems_root()
    inside.mkdir(parents=True)
    assert systems_root() == inside
    assert list_systems() == []
