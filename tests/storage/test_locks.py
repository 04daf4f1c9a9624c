"""One process at a time in a folder; a dead one does not count."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from contextlib import nullcontext

import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.locks import FolderLock

HOLD = """
import sys, time
from pathlib import Path
from openmm_mlff.storage.locks import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_one_is_told_who_holds_it(tmp_path):
    with FolderLock(tmp_path), pytest.raises(RunDirectoryError) as refused:
        FolderLock(tmp_path)
    assert f"{tmp_path} is in use by another run (process {os.getpid()} on " in str(refused.value)
    FolderLock(tmp_path).release()


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunDirectoryError, match=f"process {process.pid} on"):
            FolderLock(tmp_path)
        process.send_signal(signal.SIGKILL)
    FolderLock(tmp_path).release()


def test_one_may_wait_until_the_folder_is_free(tmp_path):
    held = FolderLock(tmp_path)
    letting_go = threading.Timer(0.3, held.release)
    letting_go.start()
    FolderLock(tmp_path, wait_s=30.0).release()
    letting_go.join()
    with FolderLock(tmp_path), pytest.raises(RunDirectoryError, match="is in use by another run"):
        FolderLock(tmp_path, wait_s=0.3)


def test_a_lock_is_free_once_released_or_forgotten(tmp_path):
    lock = FolderLock(tmp_path)
    lock.release()
    lock.release()
    lock = FolderLock(tmp_path)
    del lock
    FolderLock(tmp_path).release()


@pytest.mark.parametrize(("number", "refused"), [(errno.ENOLCK, False), (errno.EIO, True)])
def test_a_file_system_without_locks_is_used_unlocked(tmp_path, monkeypatch, number, refused):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(RunDirectoryError, match="cannot lock") if refused else nullcontext():
        FolderLock(tmp_path)
