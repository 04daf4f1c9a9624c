"""The server of workers as this process sees it: started once, ended with this process."""

import atexit
import json
import os
import socket
import subprocess
import sys
import threading

CLOSING_S = 3.0
"""For a server whose socket was closed."""

_SERVER = (
    "import json,sys;sys.path[:]=json.loads(sys.argv[3]);"
    "from openmm_mlff.isolation.server import main;main()"
)


class ServerProcess:
    """The server process as its user sees it.

    Args:
        entry: ``MODULE:FUNCTION`` of its workers.
    """

    def __init__(self, entry: str) -> None:
        self.entry = entry
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = [str(theirs.fileno()), entry, json.dumps(sys.path)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, *arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            # A group of its own: Ctrl-C is for its user, who then ends the workers.
            start_new_session=True,
        )
        theirs.close()
        self.owner = os.getpid()

    def is_alive(self) -> bool:
        """Whether it can start workers for this process."""
        return self.owner == os.getpid() and self.process.poll() is None

    def close(self) -> None:
        """End it and its workers."""
        self.socket.close()
        if self.owner == os.getpid():
            try:
                self.process.wait(CLOSING_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


_servers: dict[str, ServerProcess] = {}
_lock = threading.Lock()


def start_server(entry: str) -> ServerProcess:
    """Start the server, or give the one that runs; it loads its libraries meanwhile.

    Args:
        entry: ``MODULE:FUNCTION`` of its workers.

    Returns:
        The server, which lives as long as this process.
    """
    with _lock:
        server = _servers.get(entry)
        if server is None or not server.is_alive():
            if server is not None:
                server.close()
            elif not _servers:
                atexit.register(stop_servers)
            server = _servers[entry] = ServerProcess(entry)
        return server


def stop_servers() -> None:
    """End every server of this process, and with them their workers."""
    with _lock:
        for server in _servers.values():
            server.close()
        _servers.clear()
