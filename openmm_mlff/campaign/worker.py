"""One run, on whatever process is given it: what breaks is a result, not an end."""

import shutil
import threading
import time
from pathlib import Path
from typing import Any

from openmm_mlff.campaign.plan import Cell
from openmm_mlff.campaign.store import DONE, FAILED, AttemptRecord, Store
from openmm_mlff.errors import ConfigError
from openmm_mlff.files import inside
from openmm_mlff.measuring.guard import guarded
from openmm_mlff.pipeline.opening import run_plan
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.results import ValidationReport
from openmm_mlff.rundir import RUN_FILE, read_json

LONGEST_WAIT_S = 600.0
"""For a folder that another worker holds."""

_ALONE = threading.Lock()
"""A worker with several threads still runs one cell at a time: torch's threads and the working
folder belong to the process."""


def run_cell(cell: Cell, *, root: str, working_folder: str, session: str) -> dict[str, Any]:
    """Run one cell, or go on with what an earlier worker left of it.

    Args:
        cell: of the campaign.
        root: folder of the campaign, absolute.
        working_folder: relative paths in the cell start here.
        session: which start of the campaign.

    Returns:
        The result, as it stands in `result.json`.
    """
    with _ALONE, inside(Path(working_folder)):
        store = Store(Path(root))
        found = store.result(cell.address)
        if found is not None and found["status"] == DONE:
            return found
        record = AttemptRecord(store.cell(cell.address), session=session)
        began = time.perf_counter()
        result = _validate(cell, store.run(cell.address), record)
        store.write_result(cell.address, result)
        record.end(run_seconds=time.perf_counter() - began)
        return result


def _validate(cell: Cell, folder: Path, record: AttemptRecord) -> dict[str, Any]:
    """Validate, and give the result or what broke."""

    def validate() -> ValidationReport:
        _clear_other_spelling(cell, folder)
        asked = cell.request.model_copy(update={"output": folder, "resume": True})
        # A worker that was given up may still be at it.
        plan = prepare(asked, wait_s=LONGEST_WAIT_S)
        if plan.spec.protocol != cell.protocol:
            raise ConfigError(
                f"the protocol {cell.protocol.name} was changed after the campaign was started; "
                "expected its files to stay as they are: start the campaign again"
            )
        return run_plan(plan, on_progress=record.show)

    outcome = guarded(validate)
    if outcome.value is None:
        broken = outcome.broken
        return {
            "status": FAILED,
            "message": broken.reason if broken else "the run gave nothing",
            "traceback": broken.traceback if broken else "",
        }
    return {"status": DONE, **summary_of(outcome.value)}


def summary_of(report: ValidationReport) -> dict[str, Any]:
    """Give what tables and figures need of a report.

    Args:
        report: of one run.

    Returns:
        Verdict, model and checks, as JSON.
    """
    keep = ("id", "system", "condition", "status", "required", "value", "unit", "threshold")
    return {
        "verdict": report.verdict.status.value,
        "label": report.verdict.label,
        "reasons": [str(reason) for reason in report.verdict.reasons],
        "model": report.model.model_dump(mode="json"),
        "platform": report.verdict.scope.platform,
        "checks": [
            {key: value for key, value in check.model_dump(mode="json").items() if key in keep}
            for check in report.checks
        ],
    }


def _clear_other_spelling(cell: Cell, folder: Path) -> None:
    """Drop the unfinished run of the same content under another path.

    The run directory holds the paths by which it was asked for, and would refuse others.
    """
    if not (folder / RUN_FILE).is_file():
        return
    asked = read_json(folder / RUN_FILE).get("request")
    if asked != cell.request.record():
        shutil.rmtree(folder)
