"""What the workers of these tests do: deeds by name."""

import ctypes
import os
import signal
import subprocess
import sys
import time


def serve(channel):
    channel.send("ready", folder=os.getcwd(), path=sys.path)
    for command in channel.commands():
        globals()[command["deed"]](channel)
        channel.send("done")


def echo(channel):
    channel.send(
        "said",
        text="ä" * 5,
        script=getattr(sys.modules["__main__"], "__file__", None),
        variables={name: os.environ.get(name) for name in ("PYTHONPATH", "PYTHONSAFEPATH")},
    )


def report(channel):
    for done in range(100):
        channel.send("progress", done=done, filling="x" * 5000)


def segfault(channel):
    print("before it")
    ctypes.string_at(0)


def abort(channel):
    os.abort()


def terminate(channel):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)


def leave(channel):
    os._exit(3)


def ask_to_leave(channel):
    sys.exit(0)


def loop(channel):
    while True:
        pass


def grow(channel):
    kept = []
    while True:
        kept.append(bytearray(2**24))


def chatter(channel):
    while True:
        print("x" * 1000, flush=True)


def nonsense(channel):
    for message in (b"", b"[1, 2", b"\xff", b"{}", b"[" * 100000, b'{"event": 1}'):
        channel._connection.send_bytes(message)


def beget(channel):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    channel.send("child", pid=child.pid)
    os._exit(0)


def ignore_interrupts(channel):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel.send("ignoring")
    time.sleep(600)
