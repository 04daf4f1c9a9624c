import io

import numpy as np
from openmm import app, unit

from openmm_mlff.molecules import load_system, load_systems
from openmm_mlff.simulation.topology import openmm_topology

from ..conftest import assert_read_back

HEAD = (
    "group_PDB id type_symbol label_atom_id label_alt_id auth_asym_id auth_seq_id "
    "Cartn_x Cartn_y Cartn_z pdbx_formal_charge pdbx_PDB_model_num"
)
WATER = """data_TEST
# a comment
_struct.title 'it''s a test'
_struct.text
;several
loop_ lines
;
_cell.length_a 20.0
_cell.length_b 21.0(2)
_cell.length_c 22.0
_cell.angle_alpha 90
_cell.angle_beta 90
_cell.angle_gamma 90
_symmetry.space_group_name_H-M 'P 1'
loop_
{head}
HETATM 1 O O . A 1 0.0 0.0 0.1 ? 1
HETATM 2 H "H1'" A A 1 0.76 0.0 -0.5 ? 1
HETATM 3 H "H1'" B A 1 0.00 0.76 -0.5 ? 1
HETATM 4 H H2 . A 1 -0.76 0.0 -0.5 . 1
HETATM 5 NA NA . A 2 8.0 8.0 8.0 1 1
HETATM 1 O O . A 1 1.0 0.0 0.1 ? 2
HETATM 2 H H1 . A 1 1.76 0.0 -0.5 ? 2
HETATM 4 H H2 . A 1 0.24 0.0 -0.5 ? 2
#
data_OTHER
_cell.length_a 99
""".format(head="\n".join(f"_atom_site.{key}" for key in HEAD.split()))


def test_models_alternate_locations_charges_and_the_box(write):
    path = write("w.cif", WATER)
    system = load_system(path)
    assert (system.formula, system.charge) == ("H2NaO", 1)
    np.testing.assert_allclose(system.positions_angstrom[1], [0.76, 0.0, -0.5])
    np.testing.assert_allclose(system.cell_angstrom, np.diag([20.0, 21.0, 22.0]), atol=1e-12)
    assert system.bonds == ((0, 1), (0, 2))
    second = load_system(f"{path}@1")
    assert (second.formula, second.charge) == ("H2O", 0)
    assert [each.name for each in load_systems(f"{path}@all")] == ["w-0", "w-1"]
    crystal = load_system(write("w.cif", WATER.replace("'P 1'", "'P 21 21 21'")))
    assert crystal.cell_angstrom is None
    assert "P 21 21 21" in crystal.source


def test_files_of_openmm_round_trip(write, dipeptide):
    handle = io.StringIO()
    app.PDBxFile.writeFile(
        openmm_topology(dipeptide), dipeptide.positions_angstrom * unit.angstrom, handle
    )
    system = load_system(write("peptide.mmcif", handle.getvalue()))
    assert_read_back(system, dipeptide, atol=6e-4)
    assert system.cell_angstrom is None
