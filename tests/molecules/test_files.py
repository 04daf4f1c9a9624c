import io
import tempfile
from pathlib import Path

import ase.io
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmm_mlff.errors import MoleculeError
from openmm_mlff.molecules import load_system, load_systems
from openmm_mlff.molecules.files import SUFFIXES, read_structures

FORMATS = {".pdb": "proteindatabank", ".sdf": "sdf", ".xyz": "xyz", ".extxyz": "extxyz"}


def written(suffix):
    handle = io.StringIO()
    boxed = load_system("ethanol").with_cell([[11.0, 0, 0], [1.0, 12.0, 0], [2.0, -3.0, 13.0]])
    ase.io.write(handle, boxed.to_ase(), format=FORMATS[suffix])
    return handle.getvalue()


def outcome(path):
    """A formula, or the message; any other error goes through."""
    try:
        (system,) = load_systems(path)
    except MoleculeError as error:
        return str(error)
    return system.formula


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(FORMATS)),
    st.floats(0, 1),
    st.sampled_from(["", "-", "\n", "9", "é", "Z"]),
)
def test_a_damaged_file_is_loaded_or_refused_in_one_line(suffix, place, scratch):
    text = written(suffix)
    at = int(place * len(text))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"mine{suffix}"
        for damaged in (text[:at], text[:at] + scratch + text[at + 1 :]):
            path.write_text(damaged, encoding="utf-8")
            assert outcome(path).count("\n") == 0


@pytest.mark.parametrize("suffix", [".sdf", ".xyz", ".extxyz"])
def test_half_a_file_is_refused(write, suffix):
    text = written(suffix)
    with pytest.raises(MoleculeError, match="check that the file is complete"):
        load_systems(write(f"half{suffix}", text[: len(text) // 2]))


def test_other_encodings_in_remarks_are_read_and_frames_selected(write, tmp_path, water):
    path = tmp_path / "w.pdb"
    ase.io.write(path, water.to_ase(), format="proteindatabank")
    path.write_bytes("REMARK  Müller\n".encode("latin-1") + path.read_bytes())
    assert load_system(path).formula == "H2O"
    path = write("run.xyz", "".join(f"1\n\nHe 0 0 {z}\n" for z in range(5)))
    heights = [s.positions_angstrom[0, 2] for s in read_structures(path, first=1, count=2)]
    assert heights == [1.0, 2.0]


def test_an_unknown_suffix_names_the_known_ones(write):
    with pytest.raises(
        MoleculeError, match=r"'\.abc' is not a supported structure format"
    ) as caught:
        load_systems(write("x.abc", "1\n"))
    assert all(suffix in str(caught.value) for suffix in SUFFIXES)
