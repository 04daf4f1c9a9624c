"""Molecules of ASE, RDKit and OpenMM are read as the files that they could be written to."""

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule as built
from openmm import app, unit
from rdkit import Chem

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import load_system, systems_root
from openmm_mlff.molecules.objects import file_of_object

from .conftest import embedded

MIXTURE = systems_root() / "ethanol_in_water" / "structure.pdb"


def test_atoms_keep_positions_box_charge_spin_and_masses():
    atoms = Atoms("OHH", [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]], cell=[8, 9, 10], pbc=True)
    atoms.set_masses([None, 2.014, 2.014])
    atoms.info.update(charge=1, spin=2, history=object())
    system = load_system(atoms)
    assert (system.name, system.charge, system.multiplicity) == ("H2O", 1, 2)
    np.testing.assert_allclose(system.positions_angstrom, atoms.positions, atol=1e-7)
    np.testing.assert_allclose(system.cell_angstrom, np.diag([8.0, 9.0, 10.0]))
    assert system.masses_amu[1:].tolist() == [2.014, 2.014]
    assert load_system(atoms, charge=0, multiplicity=1, name="mine").name == "mine"


def test_atoms_are_named_by_info_and_read_as_their_extended_xyz(water, tmp_path):
    atoms = water.to_ase()
    assert load_system(atoms).name == "water"
    path = tmp_path / "water.extxyz"
    atoms.write(path)
    assert load_system(path).sha256 == load_system(atoms).sha256
    assert load_system(load_system(path)).sha256 == load_system(path).sha256


def test_a_mol_keeps_bonds_charge_isotopes_and_title():
    molecule = embedded("[2H]OC(=O)[O-]")
    molecule.SetProp("_Name", "deuterated bicarbonate")
    system = load_system(molecule)
    assert (system.name, system.charge) == ("deuterated_bicarbonate", -1)
    hydrogens_amu = system.masses_amu[system.atomic_numbers == 1]
    assert hydrogens_amu.tolist() == pytest.approx([2.014], abs=1e-3)
    assert len(system.bonds) == molecule.GetNumBonds()
    positions = molecule.GetConformer().GetPositions()
    np.testing.assert_allclose(system.positions_angstrom, positions, atol=1e-4)
    assert load_system(embedded("CO")).name == "CH4O"


def test_hydrogens_of_a_mol_are_added_on_request():
    bare = Chem.RemoveHs(embedded("CCO"))
    with pytest.raises(MoleculeError, match="6 hydrogens are missing"):
        load_system(bare)
    assert load_system(bare, add_hydrogens=True).formula == "C2H6O"


@pytest.mark.parametrize("form", ["file", "pair", "modeller", "numpy"])
def test_a_topology_with_positions_is_read_as_its_file(form):
    file = app.PDBFile(str(MIXTURE))
    given = {
        "file": file,
        "pair": (file.topology, file.positions),
        "modeller": app.Modeller(file.topology, file.positions),
        "numpy": (file.topology, file.getPositions(asNumpy=True)),
    }[form]
    assert load_system(given).sha256 == load_system(MIXTURE).sha256


def test_names_and_bonds_of_a_topology_remain_for_a_force_field(tmp_path):
    from openmm_mlff.potentials.mixed import read_topology

    file = app.PDBFile(str(MIXTURE))
    path = tmp_path / "mixture.cif"
    path.write_text(file_of_object(file).text)
    again = read_topology(path)
    for kind in ("getNumChains", "getNumResidues", "getNumAtoms", "getNumBonds"):
        assert getattr(again, kind)() == getattr(file.topology, kind)()
    assert [atom.name for atom in again.atoms()] == [atom.name for atom in file.topology.atoms()]


def ions(*, charges=(1, -1), ids=("A", "B")):
    topology = app.Topology()
    for symbol, charge, chain in zip(("Na", "Cl"), charges, ids, strict=True):
        residue = topology.addResidue(symbol.upper(), topology.addChain(chain))
        element = app.Element.getBySymbol(symbol)
        topology.addAtom(symbol.upper(), element, residue, formalCharge=charge)
    return topology, np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.4]]) * unit.nanometer


@pytest.mark.parametrize(("charges", "total"), [((1, -1), 0), ((1, None), 1), ((2, -1), 1)])
def test_formal_charges_of_a_topology_are_summed(charges, total):
    given = ions(charges=charges)
    assert load_system(given, multiplicity=1 + total % 2).charge == total


def test_a_topology_without_identifiers_is_read():
    assert load_system(ions(ids=("", ""))).formula == "ClNa"


def test_the_same_object_is_the_same_file():
    first = file_of_object(app.PDBFile(str(MIXTURE)))
    assert "Created" not in first.text
    assert file_of_object(app.PDBFile(str(MIXTURE))).sha256 == first.sha256


def with_a_site():
    topology, positions = ions()
    topology.addAtom("M", None, list(topology.residues())[-1])
    return topology, [*positions.value_in_unit(unit.nanometer), (0.0, 0.1, 0.0)] * unit.nanometer


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: 3.0, "type float (3.0)"),
        (lambda: [built("H2O")], "an object of type list is not a system"),
        (lambda: Atoms, "the class Atoms is not a system"),
        (lambda: ions()[0], "(topology, positions)"),
        (lambda: (ions()[0], ions()[1]._value), "no unit"),
        (lambda: (ions()[0], ions()[1][:1]), "shape (1, 3)"),
        (with_a_site, "particle 2 (M of CL 2)"),
        (lambda: Chem.MolFromSmiles("CO"), "smiles:CO"),
        (lambda: Atoms("H2", [[0, 0, 0], [0, 0, 0.74]], cell=[9, 9, 9], pbc=[1, 1, 0]), "pbc="),
        (lambda: Atoms("H", info={"nspin": 2}), "write multiplicity="),
        (lambda: Atoms(), "no atoms"),
    ],
)
def test_what_is_not_a_system_is_refused_in_one_line(make, said):
    with pytest.raises(MoleculeError) as caught:
        load_system(make())
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bonds_that_a_file_alone_knows_are_not_lost(water):
    with pytest.raises(MoleculeError, match="name the file"):
        load_system(replace(water, bonds=((0, 1),)))
