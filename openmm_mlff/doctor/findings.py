"""Findings and their remedies."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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


def is_ready(findings: Sequence[Finding]) -> bool:
    """Return whether no finding is a problem."""
    return all(finding.state != "problem" for finding in findings)


def as_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return all findings as JSON-compatible data."""
    return {
        "schema_version": 1,
        "ready": is_ready(findings),
        "findings": [asdict(finding) for finding in findings],
    }
