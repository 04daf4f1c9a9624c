"""The animation of a terminal: output is replayed as a terminal shows it, and drawn as SVG."""

import sys
from xml.etree import ElementTree

import pytest
from draw_terminal import choose_frames, draw, record, replay

SVG = "{http://www.w3.org/2000/svg}"
MOST_BYTES = 200_000


def test_lines_are_replaced_as_a_terminal_does():
    screens = list(replay(["one\ntwo", "\r\x1b[2K\x1b[1A\x1b[2K", "\x1b[1mthree\x1b[0m\n"]))
    assert screens == [["one", "two"], ["", ""], ["\x1b[1mthree\x1b[0m", ""]]


def test_output_of_a_command_becomes_frames_and_a_picture():
    code = (
        "import sys\n"
        "assert sys.stdout.isatty()\n"
        "print('stage\\n3 of 5', end='', flush=True)\n"
        "print('\\r\\x1b[2K\\x1b[1A\\x1b[2Kmodel\\n\\x1b[1;31mVERDICT: <no>\\x1b[0m')\n"
    )
    frames = choose_frames(list(replay(record([sys.executable, "-c", code]))))
    assert frames[-2][0] == "model"
    assert len(frames[-1]) == 1
    drawing = ElementTree.fromstring(draw(frames, prompt="$ judge"))
    groups = drawing.findall(f"{SVG}g")
    assert len(groups) == len(frames) + 1
    assert [group for group in groups if "last" in group.get("class").split()] == groups[-1:]
    prompt, verdict = groups[-1].findall(f"{SVG}text")
    assert (prompt.text, verdict.text) == ("$ judge", "VERDICT: <no>")
    assert set(verdict.get("class").split()) == {"bold", "red"}


@pytest.mark.parametrize("query", ["prefers-color-scheme: dark", "prefers-reduced-motion: reduce"])
def test_the_committed_picture_is_small_and_needs_no_network(repository, query):
    text = (repository / "docs/images/terminal.svg").read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    assert query in text
    drawing = ElementTree.fromstring(text)
    assert not [node for node in drawing.iter() if any("href" in key for key in node.attrib)]
    assert "url(" not in text
    assert "@import" not in text
