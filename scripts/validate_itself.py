"""Validate a sound potential against itself on every kind of system: each must be APPROVED.

python scripts/validate_itself.py --output runs/itself --kind water --kind copper
python scripts/validate_itself.py --output runs/crystals --protocol crystal --kind copper
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from kinds import KINDS, Kind

from openmm_mlff.claims import MOST_SEVERE_FIRST
from openmm_mlff.config import Protocol, load_protocol
from openmm_mlff.results import Status, ValidationReport, VerdictStatus
from openmm_mlff.selftest.runner import validate_with
from openmm_mlff.storage.run_directory import read_json, write_json

RESULT_FILE = "itself.json"
SOUND = (Status.PASS, Status.NOT_APPLICABLE)


def main() -> int:
    """Validate the requested kinds; return 1 if one is not APPROVED."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kind", action="append", choices=[kind.name for kind in KINDS])
    parser.add_argument("--output", type=Path, default=Path("runs/itself"))
    parser.add_argument("--protocol", default="standard")
    parser.add_argument("--platform", default="auto")
    asked = parser.parse_args()
    verdicts = []
    for kind in KINDS:
        if asked.kind is None or kind.name in asked.kind:
            folder = asked.output / kind.name
            found = validated(kind, folder, protocol=asked.protocol, platform=asked.platform)
            verdicts.append(found["verdict"])
            print(f"{kind.name:20} {found['verdict']:13} {found['seconds']:7.0f} s", flush=True)
            for line in found["open"]:
                print(f"    {line}", flush=True)
    return 0 if set(verdicts) == {VerdictStatus.APPROVED.value} else 1


def validated(kind: Kind, root: Path, *, protocol: str, platform: str) -> dict:
    """Return the result for one kind, reading it if it exists."""
    if (root / RESULT_FILE).exists():
        return read_json(root / RESULT_FILE)
    molecule = kind.molecule()
    potential = kind.potential(molecule)
    began_s = time.perf_counter()
    report = validate_with(
        potential,
        molecule,
        protocol=_at(kind, load_protocol(protocol)),
        root=root,
        reference=potential,
        platform=platform,
        precision="mixed",
    )
    found = {
        "verdict": report.verdict.status.value,
        "seconds": time.perf_counter() - began_s,
        "open": open_results(report),
    }
    write_json(root / RESULT_FILE, found)
    return found


def _at(kind: Kind, protocol: Protocol) -> Protocol:
    """Return the protocol at the temperature and pressure of a kind."""
    temperatures = {"temperatures_kelvin": (kind.temperature_kelvin,)}
    changes: dict[str, Any] = {"dynamics": protocol.dynamics.model_copy(update=temperatures)}
    if protocol.box is not None:
        changes["box"] = protocol.box.model_copy(update={"pressure_bar": kind.pressure_bar})
    return protocol.model_copy(update=changes)


def open_results(report: ValidationReport) -> list[str]:
    """Return a line for each required check that did not pass, most severe first."""
    open_ones = [one for one in report.checks if one.required and one.status not in SOUND]
    ranked = sorted(open_ones, key=lambda one: MOST_SEVERE_FIRST.index(one.status))
    return [f"{one.id} {one.status.value}: {one.message}" for one in ranked]


if __name__ == "__main__":
    sys.exit(main())
