"""What workers of a cluster are told to do; they import nothing but this."""

import multiprocessing
import os
import signal
import time
from pathlib import Path


def echo(number):
    """Return which number, process, GPU, threads and settings this was."""
    import dask

    return {
        "profiled": dask.config.get("distributed.worker.profile.enabled"),
        "number": number,
        "pid": os.getpid(),
        "device": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "threads": os.environ.get("OMP_NUM_THREADS"),
    }


def die(flag, times):
    """Kill this process, so many times."""
    tries = len(os.listdir(flag))
    if tries < times:
        Path(flag, str(tries)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"tries": tries}


def have_children():
    """Run a child process, as an isolated run does."""
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0.0,))
    child.start()
    child.join()
    return {"code": child.exitcode}


def fail():
    """Raise what no run of ours lets through."""
    raise ModuleNotFoundError("no such module on this worker")
