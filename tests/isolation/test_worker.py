"""Workers, whatever they do to themselves: what is heard of them, and that nothing is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from openmm_mlff.isolation import Limits, Worker, is_available
from openmm_mlff.isolation.serving import stop_servers

pytestmark = pytest.mark.skipif(not is_available(), reason="workers need Linux")

ENTRY = "entry:serve"
LIMITS = Limits(time_limit_s=1.0, memory_limit_gib=0.2)


@pytest.fixture(scope="module", autouse=True)
def _entry_can_be_imported():
    stop_servers()
    sys.path.insert(0, str(Path(__file__).parent))
    yield
    sys.path.remove(str(Path(__file__).parent))
    stop_servers()


def is_gone(pid, *, within_s=5.0):
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def do(deed, limits=LIMITS):
    """Let a worker do something; give its events and how it ended, None where it did not."""
    worker = Worker(ENTRY, limits=limits)
    worker.send({"deed": deed})
    events = []
    for event in worker.events():
        events.append(event)
        if event["event"] == "done":
            break
    ending = worker.ending
    worker.close()
    return events, ending


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("segfault", "ended by signal 11 (segmentation fault)"),
        ("abort", "ended by signal 6 (abort)"),
        ("terminate", "ended by signal 15 (terminated)"),
        ("leave", "left its process with exit code 3"),
        ("ask_to_leave", "left its process with exit code 0"),
        ("loop", "took longer than 1 s without a sign of progress (--time-limit)"),
        ("chatter", "took longer than 1 s without a sign of progress (--time-limit)"),
        ("grow", "needed more than 0.2 GiB of memory (--memory-limit)"),
    ],
)
def test_how_a_worker_ended(deed, reason):
    events, ending = do(deed)
    assert [event["event"] for event in events] == ["ready"]
    assert ending.reason == reason
    assert not ending.is_total
    assert len(ending.output) < 2**16


def test_its_last_words_are_kept():
    _, ending = do("segfault")
    assert ending.output.startswith("before it")
    assert "Fatal Python error: Segmentation fault" in ending.output
    assert "entry.py" in ending.output


def test_what_it_says_comes_through_in_order():
    events, ending = do("report")
    assert ending is None
    assert [event["done"] for event in events[1:-1]] == list(range(100))


def test_it_is_where_its_user_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    events, _ = do("echo")
    assert "server import main" in events[1]["command"]
    assert events[0] == {"event": "ready", "folder": str(tmp_path), "path": len(sys.path)}
    assert events[1]["text"] == "äääää"


def test_nonsense_is_passed_over():
    assert [event["event"] for event in do("nonsense")[0]] == ["ready", "done"]


def test_what_it_started_ends_with_it():
    events, ending = do("beget")
    assert ending.reason == "left its process with exit code 0"
    assert is_gone(events[1]["pid"])


def test_time_is_up_for_good():
    limits = Limits(time_limit_s=60.0, memory_limit_gib=1.0, total_time_limit_s=0.5)
    worker = Worker(ENTRY, limits=limits, deadline_s=time.monotonic() + 0.5)
    worker.send({"deed": "loop"})
    assert [event["event"] for event in worker.events()] in ([], ["ready"])
    assert worker.ending.is_total
    assert worker.ending.reason == "the whole took longer than 0.5 s (--total-time-limit)"


@pytest.mark.parametrize("deed", ["loop", "ignore_interrupts"])
def test_an_interrupted_worker_is_gone(deed):
    worker = Worker(ENTRY, limits=LIMITS)
    worker.send({"deed": deed})
    for event in worker.events():
        if event["event"] == ("ready" if deed == "loop" else "ignoring"):
            break
    pid = worker._pid
    worker.interrupt()
    assert is_gone(pid)
    assert worker.ending is not None


def test_a_worker_that_ended_takes_no_harm_from_more():
    worker = Worker(ENTRY, limits=LIMITS)
    worker.send({"deed": "leave"})
    assert list(worker.events())
    worker.interrupt()
    worker.close()
    assert worker.ending.reason == "left its process with exit code 3"


def test_no_descriptor_is_left_open():
    do("echo")
    before = len(os.listdir("/proc/self/fd"))
    do("echo")
    do("segfault")
    assert len(os.listdir("/proc/self/fd")) == before


SCRIPT = """
import sys, time
from openmm_mlff.isolation import Limits, Worker
worker = Worker("entry:serve", limits=Limits(time_limit_s=60.0, memory_limit_gib=1.0))
worker.send({"deed": "ignore_interrupts"})
for event in worker.events():
    if event["event"] == "ignoring":
        print(worker._pid, worker._server.process.pid, flush=True)
        time.sleep(600)
"""


def test_nothing_outlives_a_user_who_is_killed():
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        text=True,
    )
    pids = [int(word) for word in process.stdout.readline().split()]
    process.stdout.close()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(pids) == 2
    assert all(is_gone(pid) for pid in pids)


def test_an_accelerator_rules_out_forking(monkeypatch, tmp_path):
    # Each worker is a new interpreter then, and behaves the same.
    stop_servers()
    source = Path(__file__).with_name("entry.py").read_text(encoding="utf-8")
    (tmp_path / "entry.py").write_text(source, encoding="utf-8")
    site = "from openmm_mlff.isolation import limits\nlimits._ACCELERATORS = ('/dev/null',)\n"
    (tmp_path / "sitecustomize.py").write_text(site, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    try:
        said = do("echo")[0][1]
        assert said["text"] == "äääää"
        assert "server import work" in said["command"]
        assert do("segfault")[1].reason == "ended by signal 11 (segmentation fault)"
    finally:
        stop_servers()
