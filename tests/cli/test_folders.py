"""Where `validate` puts what it writes."""

from pathlib import Path

import pytest

from openmm_mlff.cli.output import output_folders


@pytest.mark.parametrize("spec", ["..", "../..", "/", "/etc/passwd", "a/../../b", "~", ".", "ä:é"])
def test_no_potential_leads_out_of_the_output_folder(spec):
    for folder in output_folders(Path("out"), [spec, spec]):
        assert folder.parent == Path("out")
        assert folder.name.isascii()
        assert folder.name not in {"", ".", ".."}


def test_no_two_potentials_share_a_folder():
    folders = output_folders(Path("out"), ["a/best.pt", "b/best.pt", "student:tiny", "B/BEST.pt"])
    assert folders == [Path("out/best-1"), Path("out/best-2"), Path("out/tiny"), Path("out/BEST-3")]


def test_one_potential_has_the_folder_itself():
    assert output_folders(Path("out"), ["../m.pt"]) == [Path("out")]
    assert output_folders(None, ["a.pt", "b.pt"]) == [None, None]
