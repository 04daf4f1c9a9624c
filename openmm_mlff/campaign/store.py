"""The folder of a campaign: what was asked, and for each address its attempts and its result.

Layout::

    OUT/campaign.json                     what was asked for, and the list of cells
    OUT/sessions/<time>-<pid>.json        each time the campaign was started: when, on what
    OUT/cells/<address>/result.json       how the run ended; written last
    OUT/cells/<address>/attempts/*.json   who took it up, when, and how far it is
    OUT/cells/<address>/run/              the run directory, see :mod:`openmm_mlff.rundir`

Every file is written whole or not at all, and no two processes write the same one.
"""

import os
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.rundir import read_json, write_json

SCHEMA_VERSION = 2
CAMPAIGN_FILE = "campaign.json"
RESULT_FILE = "result.json"

DONE = "done"
FAILED = "failed"
LOST = "lost"


@dataclass
class Attempt:
    """One worker's time with a run.

    Attributes:
        session: which start of the campaign.
        worker: host and process.
        started: Unix time, s.
        seen: when the worker last wrote this, Unix time, s.
        stage: what it was doing.
        ended: when it was through, Unix time, s; None while it is not, or was killed.
        run_seconds: of them, spent in the validation itself.
    """

    session: str
    worker: str
    started: float
    seen: float
    stage: str = ""
    ended: float | None = None
    run_seconds: float = 0.0


@dataclass(frozen=True)
class Store:
    """Paths and files of one campaign.

    Attributes:
        root: its folder.
    """

    root: Path

    @classmethod
    def open(cls, root: Path) -> "Store":
        """Open the folder of a campaign that was started before.

        Returns:
            The store.

        Raises:
            RunDirectoryError: there is none.
        """
        if not (root / CAMPAIGN_FILE).is_file():
            raise RunDirectoryError(
                f"{root} is no campaign: it has no {CAMPAIGN_FILE}; "
                "expected a folder that openmm-mlff campaign SPEC.toml wrote"
            )
        return cls(root)

    def cell(self, address: str) -> Path:
        """Folder of one address."""
        return self.root / "cells" / address

    def run(self, address: str) -> Path:
        """Run directory of one address."""
        return self.cell(address) / "run"

    def write_campaign(self, spec: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
        """Write what was asked for, and the list of cells.

        Args:
            spec: of the campaign, as JSON.
            rows: one a cell, see :meth:`openmm_mlff.campaign.plan.Cell.row`.
        """
        write_json(
            self.root / CAMPAIGN_FILE,
            {"schema_version": SCHEMA_VERSION, "spec": spec, "cells": list(rows)},
        )

    def read_campaign(self) -> dict[str, Any]:
        """Read what :meth:`write_campaign` wrote.

        Returns:
            ``spec`` and ``cells``.

        Raises:
            RunDirectoryError: it is damaged, or of another version.
        """
        campaign = read_json(self.root / CAMPAIGN_FILE)
        if not isinstance(campaign, dict) or campaign.get("schema_version") != SCHEMA_VERSION:
            raise RunDirectoryError(
                f"{self.root / CAMPAIGN_FILE} is not of schema version {SCHEMA_VERSION}; "
                "start the campaign again in a new folder"
            )
        return campaign

    def result(self, address: str) -> dict[str, Any] | None:
        """Read how a run ended; None where it did not, or the result is of another version."""
        path = self.cell(address) / RESULT_FILE
        found = read_json(path) if path.is_file() else {}
        return found if found.get("schema_version") == SCHEMA_VERSION else None

    def is_done(self, address: str) -> bool:
        """Tell whether a run came to its verdict; one that failed is tried again."""
        result = self.result(address)
        return result is not None and result["status"] == DONE

    def write_result(self, address: str, result: Mapping[str, Any]) -> None:
        """Write how a run ended, and when."""
        write_json(
            self.cell(address) / RESULT_FILE,
            {"schema_version": SCHEMA_VERSION, "finished": time.time(), **result},
        )

    def attempts(self, address: str) -> list[Attempt]:
        """Read who took a run up, in order of time."""
        paths = (self.cell(address) / "attempts").glob("*.json")
        return sorted((Attempt(**read_json(path)) for path in paths), key=lambda one: one.started)

    def write_session(self, name: str, session: Mapping[str, Any]) -> None:
        """Write when and on what a campaign was started."""
        write_json(self.root / "sessions" / f"{name}.json", session)

    def sessions(self) -> dict[str, dict[str, Any]]:
        """Read when and on what the campaign was started, by name, in order of time."""
        return {
            path.stem: read_json(path) for path in sorted((self.root / "sessions").glob("*.json"))
        }


class AttemptRecord:
    """Keeps the file of one attempt up to date; a worker that dies leaves what it wrote last.

    Args:
        folder: of the address.
        session: which start of the campaign.
    """

    EVERY_SECONDS = 2.0

    def __init__(self, folder: Path, *, session: str) -> None:
        now = time.time()
        worker = f"{socket.gethostname()}-{os.getpid()}"
        self.attempt = Attempt(session=session, worker=worker, started=now, seen=now)
        self._path = folder / "attempts" / f"{now:017.6f}-{worker}.json"
        self._write()

    def show(self, system: str, stage: str, done: int, total: int) -> None:
        """Write how far the run is, not too often."""
        if time.time() - self.attempt.seen >= self.EVERY_SECONDS:
            self.attempt.stage = f"{system}: {stage} {done}/{total}"
            self._write()

    def end(self, *, run_seconds: float) -> None:
        """Write that the worker is through with it."""
        self.attempt.ended = time.time()
        self.attempt.run_seconds = run_seconds
        self._write()

    def _write(self) -> None:
        self.attempt.seen = time.time()
        write_json(self._path, asdict(self.attempt))
