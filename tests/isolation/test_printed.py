"""What libraries print reaches stderr, whatever language they are written in."""

import os
import subprocess
import sys

import pytest

from openmm_mlff.isolation.printed import stdout_to_stderr

PROGRAM = """
import ctypes, os, sys
from openmm_mlff.isolation.printed import nothing_after, stdout_to_stderr

C, kept = ctypes.CDLL(None), sys.stdout
print("before")
with stdout_to_stderr():
    print("by Python")
    kept.write("by a kept stream\\n")
    C.printf(b"by C\\n")
    os.write(1, b"by the system\\n")
    os.system("echo by a child")
print("after")
nothing_after()
C.printf(b"by the end\\n")
"""


def test_what_is_printed_in_a_block_or_at_the_end_is_sent_to_stderr():
    environment = {key: os.environ[key] for key in os.environ if key != "PYTHONUNBUFFERED"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=True
    )
    assert ended.stdout == "before\nafter\n"
    for what in ("Python", "a kept stream", "C", "the system", "a child", "the end"):
        assert f"by {what}\n" in ended.stderr


def test_stdout_returns_after_an_error(capfd):
    with pytest.raises(ZeroDivisionError), stdout_to_stderr():
        raise ZeroDivisionError
    os.write(1, b"after")
    assert capfd.readouterr().out == "after"


def test_blocks_may_be_nested(capfd):
    with stdout_to_stderr():
        with stdout_to_stderr():
            os.write(1, b"inner")
        os.write(1, b"outer")
    found = capfd.readouterr()
    assert (found.out, found.err) == ("", "innerouter")
