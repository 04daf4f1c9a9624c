"""Run a campaign of many quick validations, kill workers in it; adds to ``targets.json``.

python scripts/benchmarks/campaign_scale.py [FOLDER] [--runs 200] [--kills 3]

Two local workers.  What is counted: results, runs that were resumed, runs that were made twice, and
the memory of the process that holds the scheduler, which must not grow with the runs.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from openmm_mlff.campaign.store import Attempt, Store
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.run_directory import read_json, write_json

CAMPAIGN = """\
models = ["student:ultra-tiny"]
systems = ["water"]
protocol = "quick"
platform = "Reference"
seeds = {seeds}
output = "{folder}/campaign"
[cluster]
workers = {workers}
"""
WORKERS = 2
EVERY_S = 2.0
SECONDS_PER_HOUR = 3600.0
LARGE = 10_000
"""Runs of the campaign that is only planned."""


def main() -> None:
    """Run the campaign, count, and write what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/benchmark"))
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), runs=asked.runs, kills=asked.kills)
    print(found)
    asked.folder.mkdir(parents=True, exist_ok=True)
    path = asked.folder / "targets.json"
    write_json(path, (read_json(path) if path.exists() else {}) | {"campaign": found})


def measured(folder: Path, *, runs: int, kills: int) -> dict[str, Any]:
    """Run a campaign of so many seeds in a folder, with workers killed at even intervals."""
    seeds = list(range(1, runs + 1))
    table = CAMPAIGN.format(folder=folder, seeds=seeds, workers=WORKERS)
    (folder / "campaign.toml").write_text(table, encoding="utf-8")
    command = [sys.executable, "-m", "openmm_mlff", "campaign", str(folder / "campaign.toml")]
    began_s, killed, memory = time.perf_counter(), 0, {}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as campaign:
        while campaign.poll() is None:
            time.sleep(EVERY_S)
            done = len(list(folder.glob("campaign/cells/*/result.json")))
            if (resident := mebibytes(campaign.pid)) and done:
                memory[done] = resident
            if killed < kills and done >= (killed + 1) * runs // (kills + 1):
                killed += kill_a_worker(folder)
    seconds = time.perf_counter() - began_s
    store = Store.open(folder / "campaign")
    attempts = [store.attempts(cell.name) for cell in store.root.glob("cells/*")]
    ended = [sum(one.ended is not None for one in each) for each in attempts]
    results = [store.result(cell.name) for cell in store.root.glob("cells/*")]
    size = sum(path.stat().st_size for path in store.root.rglob("*") if path.is_file())
    spent_s = sum(one.ended - one.started for each in attempts for one in each if one.ended)
    points = sorted(memory)
    quarter = memory[min(points, key=lambda count: abs(count - runs / 4))]
    return {
        "runs": runs,
        "workers": WORKERS,
        "exit_code": campaign.returncode,
        "seconds": seconds,
        "killed": killed,
        "results": sum(result is not None for result in results),
        "resumed": sum(len(each) > 1 for each in attempts),
        "made_twice": sum(count > 1 for count in ended),
        "seconds_per_run": spent_s / sum(ended),
        "mebibytes_per_run_on_disk": size / runs / 2**20,
        "scheduler_mebibytes": {at: memory[at] for at in points[:: max(1, len(points) // 8)]},
        "memory_growth": memory[points[-1]] / quarter,
        "planned_runs": LARGE,
        "planned_worker_hours": LARGE * spent_s / sum(ended) / SECONDS_PER_HOUR,
        "planned_gibibytes_on_disk": LARGE * size / runs / 2**30,
    }


def kill_a_worker(folder: Path) -> int:
    """Kill a worker in mid-run; return how many there were to kill, 0 or 1."""
    try:
        store = Store.open(folder / "campaign")
    except RunDirectoryError:
        return 0
    running = (
        attempt
        for cell in store.root.glob("cells/*")
        if store.result(cell.name) is None
        for attempt in store.attempts(cell.name)
        if in_mid_run(attempt)
    )
    for attempt in islice(running, 1):
        os.kill(int(attempt.worker.removeprefix(f"{socket.gethostname()}-")), signal.SIGKILL)
        return 1
    return 0


def in_mid_run(attempt: Attempt) -> bool:
    """Return whether an attempt has shown progress and lives."""
    pid = attempt.worker.removeprefix(f"{socket.gethostname()}-")
    return attempt.ended is None and bool(attempt.stage) and Path(f"/proc/{pid}").exists()


def mebibytes(pid: int) -> float:
    """Return the resident memory of a process; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
