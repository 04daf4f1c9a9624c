#!/usr/bin/env python
"""Measure what a campaign costs over its bare runs: the same runs, one after the other, both ways.

Both ways take one worker process and start from nothing; wall and processor time are those of all
processes.  Processor time says more on a machine that is shared.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from openmm_mlff.campaign.overhead import measure_overhead
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
    parser = argparse.ArgumentParser(description=__doc__)
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
        found = measure_overhead(attempts, store.sessions())
    print(f"{asked.runs} runs: bare {bare[0]:.1f} s wall, {bare[1]:.1f} s of a processor")
    print(f"campaign {campaign[0]:.1f} s wall, {campaign[1]:.1f} s of a processor")
    print(
        f"whole campaign over bare runs: {100 * (campaign[0] / bare[0] - 1):+.1f} % wall, ", end=""
    )
    print(f"{100 * (campaign[1] / bare[1] - 1):+.1f} % of a processor")
    print(
        f"between runs {found.between_seconds:.2f} s, {100 * (found.share or 0):.2f} % of them; "
        f"start-up, once, {found.startup_seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
