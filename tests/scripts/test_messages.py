"""The list of messages finds texts of errors, options and templates, and no docstrings."""

import sys

import messages
import pytest


def lines(capsys, monkeypatch, *, room):
    monkeypatch.setattr(sys, "argv", ["messages.py", "--room", room])
    messages.main()
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("room", "file", "use", "words"),
    [
        ("storage", "storage/locks.py", "raise RunDirectoryError", "{folder} is in use by another"),
        ("request.py", "request.py", "description=", "Seed of velocities and distortions"),
        ("report", "report/html/templates/report.html.j2", None, "Skip to the report"),
    ],
)
def test_a_known_message_is_listed_under_its_file(capsys, monkeypatch, room, file, use, words):
    listed = lines(capsys, monkeypatch, room=room)
    here = listed[listed.index(f"openmm_mlff/{file}") + 1 :]
    here = here[: here.index("")] if "" in here else here
    (found,) = [line for line in here if words in line]
    number, _, text = found.strip().partition(" ")
    source = (messages.PACKAGE / file).read_text(encoding="utf-8").splitlines()
    assert words.split()[0] in source[int(number) - 1]
    assert use is None or text.startswith(f"[{use}]")


def test_only_the_room_is_listed_and_no_docstring(capsys, monkeypatch):
    listed = lines(capsys, monkeypatch, room="storage")
    assert all("/storage/" in line for line in listed if line.startswith("openmm_mlff/"))
    assert not any("Return which process holds a lock" in line for line in listed)
