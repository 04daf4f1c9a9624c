"""Lines of JSON between a worker and the process that it works for."""

import json
import os
from collections.abc import Iterator
from typing import Any

LONGEST_LINE = 2**22
"""Bytes.  Longer ones are no message of ours."""


def encode(message: dict[str, Any]) -> bytes:
    """Write a message as one line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any] | None:
    """Read a line; None where it is no message."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None


class Channel:
    """The worker's ends.

    Args:
        commands: descriptor that commands are read from.
        events: descriptor that events are written to.
    """

    def __init__(self, commands: int, events: int) -> None:
        self._commands = os.fdopen(commands, "rb")
        self._events = events

    def commands(self) -> Iterator[dict[str, Any]]:
        """Read commands until there are no more.

        Yields:
            One after the other.
        """
        for line in self._commands:
            message = decode(line)
            if message is not None:
                yield message

    def send(self, event: str, **values: Any) -> None:
        """Write one event.

        Args:
            event: what happened.
            **values: plain values that say more.
        """
        rest = encode({"event": event, **values})
        while rest:
            rest = rest[os.write(self._events, rest) :]
