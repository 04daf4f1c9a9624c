"""The folder of a campaign: specification, and attempts and result of each address.

Layout::

    OUT/campaign.json                     specification and list of cells
    OUT/cells/<address>/result.json       result of the run; written last
    OUT/cells/<address>/attempts/*.json   workers of the run, with times and progress
    OUT/cells/<address>/run/              the run directory, see `storage.run_directory`

Files are written atomically, and each by one process only.
"""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.results import ValidationReport
from openmm_mlff.storage.run_directory import read_json, write_json

SCHEMA_VERSION = 2
CAMPAIGN_FILE = "campaign.json"
RESULT_FILE = "result.json"

DONE = "done"
FAILED = "failed"
LOST = "lost"


@dataclass
class Attempt:
    """One attempt of a worker at a run.

    Attributes:
        worker: host and process.
        started: Unix time, s.
        seen: time of the last record, Unix time, s.
        stage: at the last record.
        ended: Unix time, s; None if it is running or was killed.
    """

    worker: str
    started: float
    seen: float
    stage: str = ""
    ended: float | None = None


@dataclass(frozen=True)
class Store:
    """Paths and files of one campaign."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> "Store":
        """Open the folder of an existing campaign.

        Raises:
            RunDirectoryError: there is none.
        """
        if not (root / CAMPAIGN_FILE).is_file():
            raise RunDirectoryError(
                f"{root} is not a campaign: it has no {CAMPAIGN_FILE}; expected a folder that "
                "openmm-mlff campaign SPEC.toml wrote"
            )
        return cls(root)

    def cell(self, address: str) -> Path:
        """Return the folder of an address."""
        return self.root / "cells" / address

    def run(self, address: str) -> Path:
        """Return the run directory of an address."""
        return self.cell(address) / "run"

    def report_path(self, address: str) -> Path:
        """Return the path of the report of a run."""
        return self.run(address) / "report.json"

    def report(self, address: str) -> ValidationReport:
        """Read the report of a completed run.

        Raises:
            RunDirectoryError: it is damaged.
        """
        return ValidationReport.model_validate(read_json(self.report_path(address)))

    def page(self, address: str) -> str:
        """Return the link to the page of a run; empty where there is none."""
        pages = [self.run(address) / name for name in ("report.html", "report.md")]
        return next(
            (page.relative_to(self.root).as_posix() for page in pages if page.is_file()), ""
        )

    def write_campaign(self, spec: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the specification, as JSON, and the list of cells.

        Rows are those of :meth:`openmm_mlff.campaign.plan.Cell.row`.
        """
        write_json(
            self.root / CAMPAIGN_FILE,
            {"schema_version": SCHEMA_VERSION, "spec": spec, "cells": list(rows)},
        )

    def read_campaign(self) -> dict[str, Any]:
        """Read ``spec`` and ``cells`` as written by :meth:`write_campaign`.

        Raises:
            RunDirectoryError: the file is damaged, or of another version.
        """
        campaign = read_json(self.root / CAMPAIGN_FILE)
        if not isinstance(campaign, dict) or campaign.get("schema_version") != SCHEMA_VERSION:
            raise RunDirectoryError(
                f"{self.root / CAMPAIGN_FILE} is not of schema version {SCHEMA_VERSION}; "
                "start the campaign again in a new folder"
            )
        return campaign

    def result(self, address: str) -> dict[str, Any] | None:
        """Read the result of a run.

        Returns:
            None if there is none, if it is of another version, or if its report is missing.
        """
        path = self.cell(address) / RESULT_FILE
        found = read_json(path) if path.is_file() else {}
        if found.get("schema_version") != SCHEMA_VERSION:
            return None
        is_complete = found["status"] != DONE or self.report_path(address).is_file()
        return found if is_complete else None

    def is_done(self, address: str) -> bool:
        """Return whether a run has a verdict; one that failed is repeated."""
        result = self.result(address)
        return result is not None and result["status"] == DONE

    def write_result(self, address: str, result: Mapping[str, Any]) -> None:
        """Write the result of a run, with the time."""
        write_json(
            self.cell(address) / RESULT_FILE,
            {"schema_version": SCHEMA_VERSION, "finished": time.time(), **result},
        )

    def attempts(self, address: str) -> list[Attempt]:
        """Read the attempts at a run, in order of time."""
        paths = (self.cell(address) / "attempts").glob("*.json")
        names = [one.name for one in fields(Attempt)]
        tables = [read_json(path) for path in paths]
        found = [Attempt(**{name: table[name] for name in names}) for table in tables]
        return sorted(found, key=lambda one: one.started)


class AttemptRecord:
    """Writer of the file of one attempt; if the worker dies, the last record remains."""

    EVERY_SECONDS = 2.0

    def __init__(self, folder: Path) -> None:
        now = time.time()
        worker = f"{socket.gethostname()}-{os.getpid()}"
        self.attempt = Attempt(worker=worker, started=now, seen=now)
        self._path = folder / "attempts" / f"{now:017.6f}-{worker}.json"
        self._write()

    def show(self, system: str, stage: str, done: int, total: int) -> None:
        """Write the progress, at limited frequency."""
        if time.time() - self.attempt.seen >= self.EVERY_SECONDS:
            self.attempt.stage = f"{system}: {stage} {done}/{total}"
            self._write()

    def end(self) -> None:
        """Write that the attempt ended."""
        self.attempt.ended = time.time()
        self._write()

    def _write(self) -> None:
        self.attempt.seen = time.time()
        write_json(self._path, asdict(self.attempt))
