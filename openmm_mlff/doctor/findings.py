"""What was found, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ok", "note", "problem"]
"""`note`: something is missing that validations do not need; `problem`: the machine is not
ready."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        topic: what it belongs to, e.g. ``platforms``.
        what: its name.
        state: ok, note or problem.
        found: in words.
        remedy: what to do; empty where nothing is to be done.
    """

    topic: str
    what: str
    state: State
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Give it as JSON."""
        return {
            "topic": self.topic,
            "what": self.what,
            "state": self.state,
            "found": self.found,
            "remedy": self.remedy,
        }


def is_ready(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing needed is missing."""
    return all(finding.state != "problem" for finding in findings)


def as_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Give all findings as JSON."""
    return {
        "schema_version": 1,
        "ready": is_ready(findings),
        "findings": [finding.as_dict() for finding in findings],
    }
