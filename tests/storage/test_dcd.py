import struct

import mdtraj
import numpy as np
import pytest
from mdtraj.formats import DCDTrajectoryFile
from openmm import Vec3, app, unit

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.dcd import read_dcd

FRAMES, ATOMS = 7, 5


@pytest.fixture
def positions():
    rng = np.random.default_rng(1)
    return rng.normal(size=(FRAMES, ATOMS, 3)).astype(np.float32)


@pytest.fixture
def path(tmp_path, positions):
    path = tmp_path / "trajectory.dcd"
    with DCDTrajectoryFile(str(path), "w") as file:
        file.write(positions)
    return path


def test_files_of_mdtraj_are_read_exactly_as_by_mdtraj(path, positions, capfd):
    np.testing.assert_array_equal(read_dcd(path), positions)
    assert capfd.readouterr() == ("", "")
    topology = mdtraj.Topology()
    residue = topology.add_residue("MOL", topology.add_chain())
    for index in range(ATOMS):
        topology.add_atom(f"C{index}", mdtraj.element.carbon, residue)
    by_mdtraj = mdtraj.load_dcd(str(path), top=topology).xyz * 10.0
    np.testing.assert_allclose(read_dcd(path), by_mdtraj, atol=1e-6)


@pytest.mark.parametrize("cell", [False, True])
def test_files_of_openmm_are_read(tmp_path, positions, cell):
    topology = app.Topology()
    residue = topology.addResidue("MOL", topology.addChain())
    for index in range(ATOMS):
        topology.addAtom(f"C{index}", app.element.carbon, residue)
    if cell:
        topology.setPeriodicBoxVectors(np.eye(3) * 3.0 * unit.nanometer)
    path = tmp_path / "openmm.dcd"
    with path.open("wb") as file:
        dcd = app.DCDFile(file, topology, 0.5 * unit.femtosecond, 20, 20)
        for frame in positions:
            dcd.writeModel([Vec3(*atom) for atom in frame.astype(float)] * unit.angstrom)
    np.testing.assert_allclose(read_dcd(path), positions, atol=1e-6)


@pytest.mark.parametrize("lost_bytes", [1, 30, 83])
def test_a_frame_truncated_by_a_crash_is_omitted(path, positions, lost_bytes):
    path.write_bytes(path.read_bytes()[:-lost_bytes])
    np.testing.assert_array_equal(read_dcd(path), positions[:-1])


@pytest.mark.parametrize("kept_bytes", [None, 0, 3, 50, 100, 200, 276, 300])
def test_a_missing_file_or_one_without_a_complete_frame_has_none(path, kept_bytes):
    content = path.read_bytes()
    path.unlink()
    if kept_bytes is not None:
        path.write_bytes(content[:kept_bytes])
    assert read_dcd(path) is None


@pytest.mark.parametrize(
    ("offset", "said"), [(None, "not a DCD file"), (4 + 4 + 4 * 8, "fixed atoms"), (276, "damaged")]
)
def test_other_and_damaged_files_are_refused(path, offset, said):
    data = bytearray(path.read_bytes().replace(b"CORD", b"CORD" if offset else b"VELD"))
    if offset:
        struct.pack_into("<i", data, offset, 99)
    path.write_bytes(data)
    with pytest.raises(RunDirectoryError, match=said):
        read_dcd(path)
