"""Supercells, whose bonds are those of the box that is repeated."""

import numpy as np
import pytest

from openmm_mlff.molecules import covalent_bonds, load_system
from openmm_mlff.molecules.copies import supercell


@pytest.mark.parametrize("name", ["water_box_64", "diamond"])
def test_bonds_go_on_into_the_next_box(name):
    one = load_system(name)
    width = float(np.diag(one.cell_angstrom).min())
    many = supercell(one, at_least_angstrom=1.5 * width)
    assert many.n_atoms == 8 * one.n_atoms
    assert many.charge == 8 * one.charge
    assert len(many.bonds) == 8 * len(one.bonds)
    found = covalent_bonds(
        many.atomic_numbers, many.positions_angstrom, cell_angstrom=many.cell_angstrom
    )
    assert set(many.bonds) == set(found)
    assert supercell(one, at_least_angstrom=0.9 * width) is one


def test_stretched_bonds_stay_bonds():
    one = load_system("water_box_64")
    wide = one.with_cell(
        1.4 * one.cell_angstrom, positions_angstrom=1.4 * np.array(one.positions_angstrom)
    )
    assert len(supercell(wide, at_least_angstrom=20.0).bonds) == 8 * len(one.bonds)
