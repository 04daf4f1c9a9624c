import ase.io

from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.files import read_structures


def test_other_encodings_in_remarks_are_read_and_frames_selected(write, tmp_path, water):
    path = tmp_path / "w.pdb"
    ase.io.write(path, water.to_ase(), format="proteindatabank")
    path.write_bytes("REMARK  Müller\n".encode("latin-1") + path.read_bytes())
    assert load_system(path).formula == "H2O"
    path = write("run.xyz", "".join(f"1\n\nHe 0 0 {z}\n" for z in range(5)))
    heights = [s.positions_angstrom[0, 2] for s in read_structures(path, first=1, count=2)]
    assert heights == [1.0, 2.0]
