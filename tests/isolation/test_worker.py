"""Workers, whatever they do to themselves: their events, how they ended, and what is left."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from openmm_mlff.isolation import Limits, Worker, forkserver, is_available
from openmm_mlff.isolation.worker import describe_exit

pytestmark = pytest.mark.skipif(not is_available(), reason="workers need Linux")

ENTRY = "entry:serve"
# The forkserver of an earlier test may have loaded torch: its workers begin with 0.4 GiB.
LIMITS = Limits(time_limit_s=120.0, memory_limit_gib=1.0)
SHORT = Limits(time_limit_s=1.0, memory_limit_gib=1.0)


@pytest.fixture(autouse=True)
def _entry_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)


@pytest.fixture
def new_forkserver():
    """Let a test start the forkserver, and end it afterwards."""
    multiprocessing.forkserver._forkserver._stop()
    yield
    multiprocessing.forkserver._forkserver._stop()


def is_gone(pid, *, within_s=60.0):
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def do(deed, limits=LIMITS):
    """Let a worker do something; return its events and how it ended, None where it did not."""
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
        ("segfault", "ended by SIGSEGV (segmentation fault)"),
        ("abort", "ended by SIGABRT (abort)"),
        ("terminate", "ended by SIGTERM (terminated)"),
        ("leave", "exited with code 3"),
        ("ask_to_leave", "exited with code 0"),
        ("loop", "made no progress for 1 s (--time-limit)"),
        ("chatter", "made no progress for 1 s (--time-limit)"),
        ("grow", "needed more than 1 GiB of memory (--memory-limit)"),
    ],
)
def test_how_a_worker_ended(deed, reason):
    events, ending = do(deed, SHORT if "--time-limit" in reason else LIMITS)
    assert [event["event"] for event in events] == ["ready"]
    assert ending.reason == reason
    assert ending.is_crash is ("limit" not in reason)
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
    monkeypatch.setenv("PYTHONPATH", "here")
    monkeypatch.syspath_prepend("there")
    events, _ = do("echo")
    assert events[0]["folder"] == str(tmp_path)
    assert events[0]["path"][0] == str(tmp_path / "there")
    assert events[1]["variables"] == {"PYTHONPATH": str(tmp_path / "here"), "PYTHONSAFEPATH": None}
    assert events[1]["text"] == "äääää"
    # The script of the parent, pytest here, is not run again.
    script = getattr(sys.modules["__main__"], "__file__", None)
    assert script is None or events[1]["script"] != script


def test_each_has_a_folder_that_goes_with_it():
    workers = [Worker(ENTRY, limits=LIMITS) for _ in range(2)]
    folders = {worker.folder for worker in workers}
    assert len(folders) == 2
    assert all(os.listdir(folder) == [] for folder in folders)
    for worker in workers:
        worker.close()
    assert not any(map(os.path.exists, folders))


def test_nonsense_is_passed_over():
    assert [event["event"] for event in do("nonsense")[0]] == ["ready", "done"]


def test_what_it_started_ends_with_it():
    events, ending = do("beget")
    assert ending.reason == "exited with code 0"
    assert is_gone(events[1]["pid"])


def test_time_is_up_for_good():
    limits = Limits(time_limit_s=60.0, memory_limit_gib=1.0, total_time_limit_s=0.5)
    worker = Worker(ENTRY, limits=limits, deadline_s=time.monotonic() + 0.5)
    worker.send({"deed": "loop"})
    assert [event["event"] for event in worker.events()] in ([], ["ready"])
    assert worker.ending.is_total
    assert (
        worker.ending.reason
        == "was stopped because the validation took longer than 0.5 s (--total-time-limit)"
    )


@pytest.mark.parametrize("deed", ["loop", "ignore_interrupts"])
def test_an_interrupted_worker_is_gone(deed):
    worker = Worker(ENTRY, limits=LIMITS)
    worker.send({"deed": deed})
    for event in worker.events():
        if event["event"] == ("ready" if deed == "loop" else "ignoring"):
            break
    pid = worker.pid
    worker.interrupt()
    assert is_gone(pid)
    assert worker.ending is not None


def test_a_worker_that_ended_takes_no_harm_from_more():
    worker = Worker(ENTRY, limits=LIMITS)
    worker.send({"deed": "leave"})
    assert list(worker.events())
    worker.interrupt()
    worker.close()
    assert worker.ending.reason == "exited with code 3"


def test_no_descriptor_is_left_open():
    do("echo")
    before = len(os.listdir("/proc/self/fd"))
    do("echo")
    do("segfault")
    assert len(os.listdir("/proc/self/fd")) == before


SCRIPT = """
import sys, time
from multiprocessing import forkserver
from openmm_mlff.isolation import Limits, Worker
worker = Worker("entry:serve", limits=Limits(time_limit_s=60.0, memory_limit_gib=1.0))
worker.send({"deed": "ignore_interrupts"})
for event in worker.events():
    if event["event"] == "ignoring":
        print(worker.pid, forkserver._forkserver._forkserver_pid, flush=True)
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


@pytest.mark.usefixtures("new_forkserver")
@pytest.mark.parametrize("accelerator", [False, True])
def test_an_accelerator_rules_out_loading_before_forking(monkeypatch, accelerator):
    asked = []
    monkeypatch.setattr(forkserver, "has_accelerator", lambda: accelerator)
    monkeypatch.setattr(forkserver.CONTEXT, "set_forkserver_preload", asked.append)
    assert do("segfault")[1].reason == "ended by SIGSEGV (segmentation fault)"
    assert asked == [[] if accelerator else ["entry"]]


@pytest.mark.usefixtures("new_forkserver")
def test_another_forkserver_takes_over_from_one_that_was_killed():
    worker = Worker(ENTRY, limits=LIMITS)
    worker.send({"deed": "ignore_interrupts"})
    for event in worker.events():
        if event["event"] == "ignoring":
            os.kill(multiprocessing.forkserver._forkserver._forkserver_pid, signal.SIGKILL)
    assert is_gone(worker.pid)
    assert worker.ending.is_crash
    assert [event["event"] for event in do("echo")[0]] == ["ready", "said", "done"]


@pytest.mark.usefixtures("new_forkserver")
def test_a_forked_copy_of_this_process_starts_workers_of_its_own():
    do("echo")
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if len(do("echo")[0]) == 3 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_a_daemonic_process_may_start_workers(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    assert [event["event"] for event in do("echo")[0]] == ["ready", "said", "done"]
    assert multiprocessing.current_process().daemon


def test_one_is_ended_when_another_thread_cancels():
    cancelled = threading.Event()
    worker = Worker(ENTRY, limits=LIMITS, cancelled=cancelled)
    worker.send({"deed": "loop"})
    for event in worker.events():
        assert event["event"] == "ready"
        cancelled.set()
    assert is_gone(worker.pid)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exited with code 0"),
        (7, "exited with code 7"),
        (-11, "ended by SIGSEGV (segmentation fault)"),
        (-9, "ended by SIGKILL (killed, possibly by the system because memory ran out)"),
        (-24, "ended by SIGXCPU (cpu time limit exceeded)"),
        (-40, "ended by signal 40 (real-time signal 6)"),
    ],
)
def test_an_exit_code_in_words(code, words):
    assert describe_exit(code) == words
