"""Compare a validation with the simulations that it is made for; writes ``validation.json``.

python scripts/benchmarks/validation.py [FOLDER]

Each potential is validated by the protocol `standard` against itself, alone on one core.  A row has
the wall time of the validation over that of its production runs, and the evaluations outside OpenMM
over their steps; both are ratios within one run.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from openmm_mlff.config import GFN2_XTB, load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.report.html.page import cost_rows
from openmm_mlff.selftest.runner import validate_with
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.run_directory import RunDirectory, write_json

CASES = (
    ("student:tiny", "water"),
    ("student:tiny", "ethanol"),
    (GFN2_XTB, "water"),
    (GFN2_XTB, "ethanol"),
    ("ase:ase.calculators.emt:EMT", "copper"),
    ("student:tiny", "ibuprofen"),
)
LONGEST = 3
"""Measurements named beside the production runs."""


def row_of(spec: str, system: str) -> dict[str, Any]:
    """Validate and return what it cost."""
    molecule, potential = load_system(system), load_potential(spec)
    began_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as root:
        report = validate_with(
            potential,
            molecule,
            protocol=load_protocol("standard"),
            root=Path(root),
            reference=potential,
            platform="auto",
            precision="mixed",
        )
        whole_s = time.perf_counter() - began_s
        evidence = load_evidence(RunDirectory.open(Path(root)), molecule.name)
    names = {run.name for run in evidence.runs}
    costs = cost_rows({molecule.name: evidence})
    runs = [cost for cost in costs if cost.name in names]
    others = [cost for cost in costs if cost.name not in names]
    run_s, steps = sum(one.seconds for one in runs), sum(one.evaluations for one in runs)
    return {
        "potential": spec,
        "system": system,
        "atoms": molecule.n_atoms,
        "verdict": report.verdict.label,
        "validation_s": whole_s,
        "runs_s": run_s,
        "time_ratio": whole_s / run_s,
        "steps": steps,
        "evaluations_ratio": 1.0 + sum(one.evaluations for one in others) / steps,
        "longest": {one.name: one.seconds for one in others[:LONGEST]},
    }


def main() -> None:
    """Measure every case and write the rows after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/benchmark"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for spec, system in CASES:
        rows.append(row_of(spec, system))
        print(rows[-1], flush=True)
        write_json(folder / "validation.json", {"protocol": "standard", "rows": rows})


if __name__ == "__main__":
    main()
