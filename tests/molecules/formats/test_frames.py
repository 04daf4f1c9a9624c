import ase.io
import numpy as np
import pytest

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import load_system, load_systems

WATER = "3\n{comment}\nO 0.0 0.0 {z}\nH 0.76 0.0 -0.5\nH -0.76 0.0 -0.5\n"


def frames(*heights, comment=""):
    return "".join(WATER.format(z=z, comment=comment) for z in heights)


def test_frames_are_chosen_by_number(write):
    path = write("run.xyz", frames(0.1, 0.2, 0.3) + "\n\n")
    assert load_system(path).positions_angstrom[0, 2] == 0.1
    [system] = load_systems(f"{path}@2")
    assert (system.name, system.positions_angstrom[0, 2]) == ("run-2", 0.3)
    assert "@2" in system.source
    heights = [each.positions_angstrom[0, 2] for each in load_systems(f"{path}@all")]
    assert heights == [0.1, 0.2, 0.3]


def test_damage_after_the_chosen_frame_is_ignored(write):
    path = write("run.xyz", frames(0.1, 0.2) + "3\n\nO 0 0 0\n")
    assert load_system(f"{path}@1").positions_angstrom[0, 2] == 0.2
    with pytest.raises(MoleculeError, match=r"run\.xyz@2: cannot be read as XYZ .*fewer atoms"):
        load_systems(f"{path}@all")


def test_files_of_ase_round_trip_with_their_box(tmp_path, water):
    cell = [[12.0, 0, 0], [2.0, 13.0, 0], [1.0, -3.0, 14.0]]
    boxed = water.with_cell(cell)
    ase.io.write(tmp_path / "w.extxyz", boxed.to_ase(), format="extxyz")
    system = load_system(tmp_path / "w.extxyz")
    np.testing.assert_array_equal(system.cell_angstrom, cell)
    np.testing.assert_allclose(system.positions_angstrom, water.positions_angstrom, atol=1e-8)
    # A lattice that does not repeat is not a box.
    comment = 'Lattice="9 0 0 0 9 0 0 0 9" pbc="F F F"'
    (tmp_path / "w.xyz").write_text(frames(0.1, comment=comment))
    assert load_system(tmp_path / "w.xyz").cell_angstrom is None


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("charge=1 multiplicity=4", (1, 4)),
        ("charge=0 spin=3", (0, 3)),
        ("charge=0 mult=3", (0, 3)),
        ("charge=0 total_spin=3", (0, 3)),
        ("total_charge=-2", (-2, 1)),
    ],
)
def test_charge_and_multiplicity_are_read_under_each_name(write, comment, expected):
    path = write("ion.extxyz", frames(0.1, comment=comment))
    system = load_system(path)
    assert (system.charge, system.multiplicity) == expected
    given = load_system(path, charge=-1, multiplicity=2)
    assert (given.charge, given.multiplicity) == (-1, 2)
