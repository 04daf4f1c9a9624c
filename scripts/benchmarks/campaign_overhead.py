"""Measure the overhead of a campaign: the same runs in one process and as a campaign of one worker.

python scripts/benchmarks/campaign_overhead.py [--runs 6] [--duration-ps 3]

Wall and CPU time are those of all processes. CPU time is more reliable on a shared machine.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from openmm_mlff.campaign.store import Store

PROTOCOL = """\
extends = "quick"
name = "overhead"
required = ["rotation_invariance", "stability", "energy_drift", "speed"]
reported = []
[dynamics]
duration_ps = {duration_ps}
longest_ps = {duration_ps}
"""
CAMPAIGN = """\
models = ["student:original"]
systems = ["water"]
protocol = "{folder}/protocol.toml"
reference = "none"
platform = "Reference"
seeds = {seeds}
output = "{folder}/campaign"
[cluster]
workers = 1
"""
BARE = """\
from openmm_mlff import validate
for seed in {seeds}:
    validate("student:original", systems=["water"], protocol="{folder}/protocol.toml",
             reference="none", platform="Reference", seed=seed, output=f"{folder}/bare/{{seed}}")
"""
COMMAND = "from openmm_mlff.cli import main; main()"


def measured(arguments: list[str]) -> tuple[float, float]:
    """Run a process and return its wall and CPU time, s, including children."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", *arguments], check=False, stdout=subprocess.DEVNULL)
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, sum(
        getattr(after, name) - getattr(before, name) for name in ("ru_utime", "ru_stime")
    )


def main() -> None:
    """Measure and print the overhead."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--duration-ps", type=float, default=3.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seeds = list(range(1, asked.runs + 1))
        table = {"folder": folder, "seeds": seeds, "duration_ps": asked.duration_ps}
        (Path(folder) / "protocol.toml").write_text(PROTOCOL.format(**table), encoding="utf-8")
        (Path(folder) / "c.toml").write_text(CAMPAIGN.format(**table), encoding="utf-8")
        bare = measured([BARE.format(**table)])
        campaign = measured([COMMAND, "campaign", f"{folder}/c.toml"])
        store = Store.open(Path(folder) / "campaign")
        attempts = [one for path in store.root.glob("cells/*") for one in store.attempts(path.name)]
    attempts.sort(key=lambda one: one.started)
    between = sum(later.started - one.ended for one, later in pairwise(attempts))
    running = sum(one.ended - one.started for one in attempts)
    print(f"{asked.runs} runs in one process: {bare[0]:.1f} s wall, {bare[1]:.1f} s CPU")
    print(f"as a campaign: {campaign[0]:.1f} s wall, {campaign[1]:.1f} s CPU")
    wall, cpu = (100 * (campaign[k] / bare[k] - 1) for k in range(2))
    print(f"overhead: {wall:+.1f} % wall, {cpu:+.1f} % CPU, including the start of the worker")
    print(f"between runs: {between:.2f} s, {100 * between / running:.2f} % of the time in runs")


if __name__ == "__main__":
    main()
