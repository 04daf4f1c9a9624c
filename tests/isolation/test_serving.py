"""Servers: one a process, another where one was killed."""

from pathlib import Path

import psutil
import pytest

from openmm_mlff.isolation import Limits, Worker, is_available, start_server
from openmm_mlff.isolation.serving import stop_servers

pytestmark = pytest.mark.skipif(not is_available(), reason="workers need Linux")

ENTRY = "entry:serve"
LIMITS = Limits(time_limit_s=5.0, memory_limit_gib=1.0)


@pytest.fixture(autouse=True)
def _entry_can_be_imported(monkeypatch):
    stop_servers()
    monkeypatch.syspath_prepend(Path(__file__).parent)
    yield
    stop_servers()


def heard_of(worker, *, until, then=lambda: None):
    heard = []
    for event in worker.events():
        heard.append(event["event"])
        if event["event"] == until:
            then()
    return heard


def test_there_is_one_server():
    server = start_server(ENTRY)
    assert start_server(ENTRY) is server
    stop_servers()
    assert server.process.returncode == 0
    assert start_server(ENTRY) is not server


def test_another_server_takes_over_from_one_that_was_killed():
    server = start_server(ENTRY)

    def kill():
        server.process.kill()
        server.process.wait()

    worker = Worker(ENTRY, limits=LIMITS)
    worker.send({"deed": "ignore_interrupts"})
    assert heard_of(worker, until="ignoring", then=kill) == ["ready", "ignoring"]
    assert worker.ending.reason == "ended, and nobody saw how"
    left = [one for one in psutil.process_iter() if one.pid == worker._pid]
    assert psutil.wait_procs(left, timeout=5)[1] == []
    another = Worker(ENTRY, limits=LIMITS)
    another.send({"deed": "ask_to_leave"})
    assert heard_of(another, until="") == ["ready"]
    assert another.ending.reason == "left its process with exit code 0"
