"""`run.json`: what a run was asked, its state and its environment."""

import datetime
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openmm_mlff.errors import StorageError
from openmm_mlff.storage.files import storage_failure
from openmm_mlff.storage.run_directory import RUN_FILE, read_json, write_json


def update_run_file(
    root: Path, content: dict[str, Any], *, status: str, environment: dict[str, Any]
) -> None:
    """Update `run.json` with new content, status, environment and time."""
    path = root / RUN_FILE
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    before: dict[str, Any] = read_json(path) if path.exists() else {"started": now}
    environment = before.get("environment", {}) | environment
    ended = {"status": status, "updated": now, "environment": environment}
    write_json(path, before | content | ended)


def mark_complete(root: Path, platforms: Iterable[str]) -> None:
    """Record in `run.json` that every system was run, and on which platforms."""
    used = ", ".join(sorted({name for name in platforms if name}))
    with one_line_where_the_disk_is_full(root):
        update_run_file(root, {}, status="complete", environment={"platform": used})


@contextmanager
def one_line_where_the_disk_is_full(root: Path) -> Iterator[None]:
    """Raise StorageError for a write in a block that failed because there is no space."""
    try:
        yield
    except Exception as error:
        said = storage_failure(error)
        if said is None:
            raise
        raise StorageError(
            f"cannot write to {root} ({said.strerror}); the results so far are kept: free disk "
            "space, then resume with --resume"
        ) from error
