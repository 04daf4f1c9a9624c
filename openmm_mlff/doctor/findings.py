"""Findings and their remedies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ok", "note", "problem"]
"""`note`: validations do not need it; `problem`: the machine is not ready."""


@dataclass(frozen=True)
class Finding:
    """Result of one examination.

    Attributes:
        topic: heading under which it is listed, e.g. ``platforms``.
        what: name of the examined item.
        state: ok, note or problem.
        found: description of the result.
        remedy: what the user should do; empty if nothing.
    """

    topic: str
    what: str
    state: State
    found: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the finding as JSON-compatible data."""
        return {
            "topic": self.topic,
            "what": self.what,
            "state": self.state,
            "found": self.found,
            "remedy": self.remedy,
        }


def is_ready(findings: Sequence[Finding]) -> bool:
    """Return whether no finding is a problem."""
    return all(finding.state != "problem" for finding in findings)


def as_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return all findings as JSON-compatible data."""
    return {
        "schema_version": 1,
        "ready": is_ready(findings),
        "findings": [finding.as_dict() for finding in findings],
    }
