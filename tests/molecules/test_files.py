import ase.io

from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.files import read_structures

from .conftest import helium


def test_other_encodings_in_remarks_are_read_and_frames_selected(write, tmp_path, water):
    path = tmp_path / "w.pdb"
    ase.io.write(path, water.to_ase(), format="proteindatabank")
    path.write_bytes("REMARK  Müller\n".encode("latin-1") + path.read_bytes())
    assert load_system(path).formula == "H2O"
    path = write("run.xyz", helium(5))
    heights = [s.positions_angstrom[0, 2] for s in read_structures(path, first=1, count=2)]
    assert heights == [1.0, 2.0]
