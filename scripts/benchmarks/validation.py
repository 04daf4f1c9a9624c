"""Compare a validation with the simulations that it is made for; writes ``validation.json``.

python scripts/benchmarks/validation.py [FOLDER]

Each potential is validated by a protocol against itself, alone on one core.  A row has the wall
time of the validation over that of its production runs; of ASE calculators, whose calls are counted
and timed, also all calls over the steps of the production runs, and the wall time over that of the
calls.  All are ratios within one run.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ase.calculators.emt import EMT
from tblite.ase import TBLite

from openmm_mlff.config import GFN2_XTB, load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.report.costs import cost_rows
from openmm_mlff.selftest.runner import validate_with
from openmm_mlff.storage.loader import load_evidence
from openmm_mlff.storage.run_directory import RunDirectory, write_json

EMT_COPPER = "ase:ase.calculators.emt:EMT"
CASES = (
    ("student:tiny", "water", "standard"),
    ("student:tiny", "ethanol", "standard"),
    (GFN2_XTB, "water", "standard"),
    (GFN2_XTB, "ethanol", "standard"),
    ("student:tiny", "ibuprofen", "standard"),
    # Some 50 ms a call.
    (GFN2_XTB, "smiles:" + 21 * "C", "quick"),
    (EMT_COPPER, "copper", "standard"),
    (GFN2_XTB, "ibuprofen", "standard"),
)
CALCULATORS: dict[str, type] = {GFN2_XTB: TBLite, EMT_COPPER: EMT}
LONGEST = 3
"""Measurements named beside the production runs."""


@dataclass
class Calls:
    """Calls of an ASE calculator, and their wall time."""

    count: int = 0
    seconds: float = 0.0


@contextmanager
def counted(calculator: type | None) -> Iterator[Calls | None]:
    """Count and time the calls of a class of ASE calculators; None for no class."""
    if calculator is None:
        yield None
        return
    calls, calculate = Calls(), calculator.calculate  # type: ignore[attr-defined]

    def timed(*given: Any, **named: Any) -> None:
        began_s = time.perf_counter()
        try:
            calculate(*given, **named)
        finally:
            calls.count += 1
            calls.seconds += time.perf_counter() - began_s

    calculator.calculate = timed  # type: ignore[attr-defined]
    try:
        yield calls
    finally:
        calculator.calculate = calculate  # type: ignore[attr-defined]


def row_of(spec: str, system: str, protocol: str) -> dict[str, Any]:
    """Validate and return what it cost."""
    molecule, potential = load_system(system), load_potential(spec)
    began_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as root, counted(CALCULATORS.get(spec)) as calls:
        report = validate_with(
            potential,
            molecule,
            protocol=load_protocol(protocol),
            root=Path(root),
            reference=potential,
            platform="auto",
            precision="mixed",
        )
        whole_s = time.perf_counter() - began_s
        evidence = load_evidence(RunDirectory.open(Path(root)), molecule.name)
    costs = cost_rows({molecule.name: evidence})
    runs = [cost for cost in costs if cost.is_production]
    others = [cost for cost in costs if not cost.is_production]
    run_s, steps = sum(one.seconds for one in runs), sum(one.evaluations for one in runs)
    of_calls = {}
    if calls is not None:
        of_calls = {
            "ms_per_call": 1000.0 * calls.seconds / calls.count,
            "calls_ratio": calls.count / steps,
            "overhead_ratio": whole_s / calls.seconds,
        }
    return {
        "protocol": protocol,
        "potential": spec,
        "system": system,
        "atoms": molecule.n_atoms,
        "verdict": report.verdict.label,
        "validation_s": whole_s,
        "runs_s": run_s,
        "time_ratio": whole_s / run_s,
        "steps": steps,
        **of_calls,
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
    for case in CASES:
        rows.append(row_of(*case))
        print(rows[-1], flush=True)
        write_json(folder / "validation.json", {"rows": rows})


if __name__ == "__main__":
    main()
