"""Lines of JSON, and what is none."""

import os

import pytest

from openmm_mlff.isolation.channel import Channel, decode, encode


def test_a_message_comes_back():
    assert decode(encode({"text": "two\nlines", "number": 1})) == {
        "text": "two\nlines",
        "number": 1,
    }


@pytest.mark.parametrize("line", [b"", b"[1]", b"nan{", b"\xff", b"[" * 100000])
def test_what_is_no_message(line):
    assert decode(line) is None


def test_commands_in_and_events_out():
    commands_read, commands_write = os.pipe()
    events_read, events_write = os.pipe()
    os.write(commands_write, encode({"do": "this"}) + b"nonsense\n" + encode({"do": "that"}))
    os.close(commands_write)
    channel = Channel(commands_read, events_write)
    assert list(channel.commands()) == [{"do": "this"}, {"do": "that"}]
    channel.send("done", what="all")
    assert decode(os.read(events_read, 100)) == {"event": "done", "what": "all"}
    os.close(events_read)
    os.close(events_write)
    channel._commands.close()
