"""What others wrote is shown, not obeyed, and leads nowhere."""

import os

import pytest

from openmm_mlff.errors import MoleculeError, RunDirectoryError
from openmm_mlff.molecules import load_systems
from openmm_mlff.storage.run_directory import RunDirectory
from openmm_mlff.storage.text import printable, printable_values

ESCAPE = "\x1b[2J\x1b]0;title\x07"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("Å ± 5 σ – ✔", "Å ± 5 σ – ✔"),
        ("two\n\tlines", "two\n\tlines"),
        ("two\r\nlines", "two\nlines"),
        (ESCAPE, "�[2J�]0;title�"),
        ("over\rwritten", "over�written"),
        ("\u202eevil", "�evil"),
        ("\x9b31m", "�31m"),
        ("half \ud800", "half �"),
    ],
)
def test_what_is_obeyed_elsewhere_is_shown(text, shown):
    assert printable(text) == shown
    assert printable_values({text: [text, (1, None)]}) == {shown: [shown, (1, None)]}


@pytest.mark.parametrize("name", ["..", ".", "", "../out", "/etc", "a/b", "a\\b", "a\0b"])
def test_no_name_leads_out_of_the_run_directory(tmp_path, name):
    directory = RunDirectory.create(tmp_path / "run")
    with pytest.raises(RunDirectoryError, match="cannot be the name of a folder"):
        directory.system(name)
    with pytest.raises(RunDirectoryError, match="cannot be the name of a folder"):
        directory.run("water", name)


def test_no_link_leads_out_of_the_run_directory(tmp_path):
    directory = RunDirectory.create(tmp_path / "run")
    os.symlink(tmp_path, directory.root / "water")
    with pytest.raises(RunDirectoryError, match=r"is a link, expected a folder of the run"):
        directory.system("water")


SYSTEM = """
name = {name}
title = "water"
formula = "H2O"
charge = 0
multiplicity = 1
structure = {structure}
source = "made up"
smiles = "O"
"""


@pytest.mark.parametrize(
    ("name", "structure", "said"),
    [
        ('"../../evil"', '"w.xyz"', "name is '../../evil'; expected one name"),
        ('"/evil"', '"w.xyz"', "name is '/evil'; expected one name"),
        ('"water"', '"../w.xyz"', "structure is '../w.xyz'; expected one name"),
        ('"water"', '"/etc/passwd"', "structure is '/etc/passwd'; expected one name"),
        ("5", '"w.xyz"', "name is 5; expected text in quotes"),
    ],
)
def test_a_folder_of_ones_own_names_nothing_outside(tmp_path, name, structure, said):
    text = SYSTEM.format(name=name, structure=structure)
    (tmp_path / "system.toml").write_text(text, encoding="utf-8")
    with pytest.raises(MoleculeError, match=said):
        load_systems(tmp_path)
