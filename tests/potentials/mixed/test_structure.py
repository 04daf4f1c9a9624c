import numpy as np
import pytest

from openmm_mlff.errors import MoleculeError, PotentialError
from openmm_mlff.potentials.mixed.structure import (
    check_box,
    check_ml_atoms,
    check_same_atoms,
    particle_numbers,
    read_topology,
)

SITE = "HETATM    1  M   HOH A   1      17.870  11.493   6.558  1.00  0.00          \n"


def test_names_and_bonds_are_read_in_the_order_of_the_loader(box_topology, box):
    np.testing.assert_array_equal(particle_numbers(box_topology), box.atomic_numbers)
    residues = [residue.name for residue in box_topology.residues()]
    assert residues == ["ETH"] + ["HOH"] * 244
    bonds = {tuple(sorted((a.index, b.index))) for a, b in box_topology.bonds()}
    assert bonds == set(box.bonds)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.xyz", "1\n\nH 0 0 0\n", "has no residue names"),
        ("a.pdb", None, "no such file"),
        ("a.cif", "data_a\n", "cannot be read as cif"),
        ("a.pdb", SITE, r"atom 0 \(M of HOH 1\) has no element"),
    ],
)
def test_an_unusable_file_is_refused_in_one_line(tmp_path, name, text, said):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(MoleculeError, match=said) as raised:
        read_topology(tmp_path / name)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("atoms", "said"),
    [
        (range(12), None),
        ([], "at least one"),
        ([0, 0], "each once"),
        ([0, 21], "from 0 to 20"),
        (range(21), "leave out --ml-atoms"),
        (range(8), r"atom 2 \(O1 of ETH 1\) and atom 8 \(H6 of ETH 1\)"),
    ],
)
def test_a_part_consists_of_whole_molecules(droplet_topology, atoms, said):
    chosen = np.array(list(atoms), dtype=np.int64)
    if said is None:
        check_ml_atoms(droplet_topology, chosen)
        return
    with pytest.raises(PotentialError, match=said):
        check_ml_atoms(droplet_topology, chosen)


def test_other_atoms_and_unsuitable_boxes_are_refused(droplet_topology, droplet, box_topology, box):
    check_same_atoms(droplet_topology, droplet)
    with pytest.raises(PotentialError, match=r"its 741 atoms differ .* from the 21"):
        check_same_atoms(droplet_topology, box)
    check_box(box_topology, box, cutoff_angstrom=10.0)
    with pytest.raises(PotentialError, match=r"20\.00 Å wide, less than twice the cutoff of 10\.5"):
        check_box(box_topology, box, cutoff_angstrom=10.5)
    positions = box.positions_angstrom.copy()
    positions[8] += [20.0, 0.0, 0.0]
    with pytest.raises(MoleculeError, match="write molecules whole"):
        check_box(box_topology, box.with_positions(positions), cutoff_angstrom=9.0)
