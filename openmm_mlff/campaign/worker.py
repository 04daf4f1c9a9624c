"""Run one cell in a worker; an error becomes a result."""

import shutil
import threading
from pathlib import Path
from typing import Any

from openmm_mlff.campaign.plan import Cell
from openmm_mlff.campaign.store import DONE, FAILED, AttemptRecord, Store
from openmm_mlff.errors import ConfigError
from openmm_mlff.measuring.guard import guarded
from openmm_mlff.pipeline.local import run_plan
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.storage.files import inside
from openmm_mlff.storage.run_directory import RUN_FILE, read_json

LONGEST_WAIT_S = 600.0
"""Timeout for a folder that is locked by another worker."""

_ALONE = threading.Lock()
"""Makes a worker with several threads run one cell at a time.

Torch threads and the working directory are per process.
"""


def run_cell(cell: Cell, *, root: str, working_folder: str) -> dict[str, Any]:
    """Run one cell, or resume it, and return the contents of `result.json`.

    ``root`` is the absolute folder of the campaign; relative paths in the cell refer to
    ``working_folder``.
    """
    with _ALONE, inside(Path(working_folder)):
        store = Store(Path(root))
        found = store.result(cell.address)
        if found is not None and found["status"] == DONE:
            return found
        record = AttemptRecord(store.cell(cell.address))
        result = _validate(cell, store.run(cell.address), record)
        store.write_result(cell.address, result)
        record.end()
        return result


def _validate(cell: Cell, folder: Path, record: AttemptRecord) -> dict[str, Any]:
    """Validate, and return the verdict or the error."""

    def validate() -> dict[str, Any]:
        _clear_other_spelling(cell, folder)
        asked = cell.request.model_copy(update={"output": folder, "resume": True})
        # A worker that was considered lost may still be running it.
        plan = prepare(asked, wait_s=LONGEST_WAIT_S)
        if plan.spec.protocol != cell.protocol:
            raise ConfigError(
                f"the protocol {cell.protocol.name} was changed after the campaign was started; "
                "do not change its files during a campaign: start the campaign again"
            )
        verdict = run_plan(plan, on_progress=record.show).verdict
        return {
            "status": DONE,
            "verdict": verdict.status.value,
            "label": verdict.label,
            "reasons": [str(reason) for reason in verdict.reasons],
        }

    outcome = guarded(validate)
    if outcome.broken is not None:
        broken = outcome.broken
        return {"status": FAILED, "message": broken.reason, "traceback": broken.traceback}
    return outcome.value or {}


def _clear_other_spelling(cell: Cell, folder: Path) -> None:
    """Remove the unfinished run of the same content under another path.

    The run directory records the paths with which it was requested, and rejects others.
    """
    if not (folder / RUN_FILE).is_file():
        return
    asked = read_json(folder / RUN_FILE).get("request")
    if asked != cell.request.record():
        shutil.rmtree(folder)
