"""Validate healthy potentials against themselves: no check may fail, whatever the seed.

Run from the root of a checkout::

    python scripts/make_truth.py                                  everything; takes many hours
    python scripts/make_truth.py --potential student:tiny --system water --seeds 2

Finished validations are not repeated, so that an interrupted run goes on where it was.  The table
of all that is finished is written to reports/truth/README.md.
"""

import argparse
import itertools
import shutil
import sys
import time
from collections import defaultdict
from pathlib import Path

from openmm_mlff.config import GFN2_XTB, load_protocol
from openmm_mlff.errors import UserError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.molecules.names import safe_name
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.base import Potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import KINDS, healthy
from openmm_mlff.selftest.runner import validate_with
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import read_json, write_json

STUDENTS = ("student:original", "student:tiny", "student:ultra-tiny")
ANALYTIC = tuple(f"analytic:{kind}" for kind in KINDS)
"""The healthy potentials of the self-test."""

POTENTIALS = (*STUDENTS, GFN2_XTB, *ANALYTIC)
LIBRARY = (
    "acetamide",
    "alanine",
    "alanine_dipeptide",
    "ammonia",
    "argon_108",
    "benzene",
    "ethanol",
    "ethanol_in_water",
    "methane",
    "methanol",
    "valine",
    "water",
    "water_box_64",
)
"""The systems that the shipped students were trained on, and liquids; others by --system."""

SMILES = (
    "N#N",
    "O=C=O",
    "C#N",
    "C#C",
    "C=C",
    "C=O",
    "CC(=O)O",
    "CC(=O)[O-]",
    "[NH4+]",
    "C[N+](C)(C)C",
    "C[NH3+]",
    "CCCC",
    "OCCO",
    "COC",
    "CC(C)=O",
    "c1ccncc1",
    "CS",
    "CSC",
    "CCl",
    "CF",
)
"""Linear, charged and flexible molecules, and some with sulphur and halogens."""

NOT_LEARNED = (
    "CC(=O)[O-]",
    "[NH4+]",
    "C[N+](C)(C)C",
    "C[NH3+]",
    "water_box_64",
    "ethanol_in_water",
    "N#N",
)
"""Ions, liquids and N₂, which are unlike the training data of the students, so they may fail."""

BY_STANDARD = ("water", "methane", "methanol", "smiles:O=C=O", "smiles:[NH4+]", "smiles:CC(=O)[O-]")
ANALYTIC_SYSTEMS = ("water", "methane", "methanol")
"""Molecules of the self-test; larger ones are no minimum of potentials without chemistry."""

SEEDS = {"quick": 5, "standard": 2}
TABLE = Path("reports/truth/README.md")
WRONG = (Status.FAIL, Status.ERROR)


def main() -> int:
    """Run the requested validations and write the table; return 1 if a check failed."""
    asked = read_arguments()
    for protocol, spec, system, seed in jobs(asked):
        name = safe_name(f"{spec} {system} {seed}", otherwise="one")
        path = asked.output / protocol / name / "result.json"
        if not path.exists():
            write_json(path, validated(protocol, spec, system, seed, root=path.parent / "run"))
            shutil.rmtree(path.parent / "run", ignore_errors=True)
        found = read_json(path)
        print(f"{spec}  {system}  {protocol}, seed {seed}: {outcome(found)}", flush=True)
    results = [read_json(path) for path in sorted(asked.output.glob("*/*/result.json"))]
    write_text(TABLE, page(results))
    return int(any(one["wrong"] for one in results))


def read_arguments() -> argparse.Namespace:
    """Parse the requested validations."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--potential", action="append", help="one of the potentials; default all")
    parser.add_argument("--system", action="append", help="one of the systems; default all")
    parser.add_argument("--protocol", action="append", choices=tuple(SEEDS), help="default both")
    parser.add_argument("--seeds", type=int, help="of each validation; default 5 and 2")
    parser.add_argument("--output", type=Path, default=Path("runs/truth"))
    return parser.parse_args()


def jobs(asked: argparse.Namespace) -> list[tuple[str, str, str, int]]:
    """Return protocol, potential, system and seed of each validation."""
    quick = asked.system or [*LIBRARY, *(f"smiles:{one}" for one in SMILES)]
    systems = {"quick": quick, "standard": asked.system or BY_STANDARD}
    return [
        (protocol, spec, system, seed)
        for seed in range(asked.seeds or max(SEEDS.values()))
        for protocol in asked.protocol or SEEDS
        if seed < (asked.seeds or SEEDS[protocol])
        for system, spec in itertools.product(systems[protocol], asked.potential or POTENTIALS)
        if not (spec in STUDENTS and system.removeprefix("smiles:") in NOT_LEARNED)
        and not (spec in ANALYTIC and system not in ANALYTIC_SYSTEMS)
    ]


def potential_of(spec: str, molecule: MolecularSystem) -> Potential:
    """Return a potential by its spec; the analytic ones are made for the molecule."""
    if spec in ANALYTIC:
        return healthy(spec.removeprefix("analytic:"), molecule=molecule, seed=0)
    return load_potential(spec)


def validated(protocol: str, spec: str, system: str, seed: int, *, root: Path) -> dict:
    """Run one validation and return its result; unsupported systems are marked as skipped."""
    shutil.rmtree(root, ignore_errors=True)
    found = {"potential": spec, "system": system, "protocol": protocol, "seed": seed}
    began_s = time.perf_counter()
    try:
        molecule = load_system(system)
        potential = potential_of(spec, molecule)
        potential.check_reference(molecule)
    except UserError as error:
        return {**found, "skipped": str(error), "wrong": [], "statuses": {}}
    report = validate_with(
        potential,
        molecule,
        protocol=load_protocol(protocol),
        root=root,
        reference=potential,
        platform="auto",
        precision="mixed",
        seed=seed,
    )
    return {
        **found,
        "skipped": "",
        "verdict": report.verdict.status.value,
        "seconds": time.perf_counter() - began_s,
        "statuses": {one.id: one.status.value for one in report.checks if one.required},
        "wrong": [
            f"{one.id} {one.status.value}: {one.message}"
            for one in report.checks
            if one.required and one.status in WRONG
        ],
    }


def outcome(found: dict) -> str:
    """Return a one-line description of a result."""
    if found["skipped"]:
        return f"skipped, {found['skipped']}"
    return "; ".join([found["verdict"], *found["wrong"]])


def changed(results: list[dict]) -> list[str]:
    """Return the checks that pass with one seed and fail with another."""
    seen: dict[tuple, set[str]] = defaultdict(set)
    for one in results:
        for check, status in one["statuses"].items():
            seen[one["potential"], one["system"], one["protocol"], check].add(status)
    return [
        f"{check} of {spec} on {system} by {protocol}"
        for (spec, system, protocol, check), statuses in sorted(seen.items())
        if {Status.PASS.value, Status.FAIL.value} <= statuses
    ]


def page(results: list[dict]) -> str:
    """Return the table as Markdown."""
    lines = [
        "# Healthy potentials against themselves",
        "",
        "Printed by `scripts/make_truth.py`. Each potential is its own reference:",
        "a FAIL or an ERROR is a false alarm.",
        "",
        "| potential | protocol | systems | validations | false alarms | undecided |",
        "|---|---|---|---|---|---|",
    ]
    groups = itertools.groupby(
        sorted((one for one in results if not one["skipped"]), key=_group), key=_group
    )
    for (spec, protocol), members in groups:
        group = list(members)
        undecided = sum(Status.INCONCLUSIVE.value in one["statuses"].values() for one in group)
        lines.append(
            f"| `{spec}` | {protocol} | {len({one['system'] for one in group})} | {len(group)} "
            f"| {sum(len(one['wrong']) for one in group)} | {undecided} |"
        )
    alarms = [
        f"{one['potential']} on {one['system']}, {one['protocol']}, seed {one['seed']}: {alarm}"
        for one in results
        for alarm in one["wrong"]
    ]
    skipped = sorted({f"{one['potential']}: {one['skipped']}" for one in results if one["skipped"]})
    for title, entries in (
        ("False alarms", alarms),
        ("Checks that one seed passes and another fails", changed(results)),
        ("Not asked", skipped),
    ):
        lines += ["", f"## {title}", "", *([f"- {entry}" for entry in entries] or ["None."])]
    return "\n".join(lines) + "\n"


def _group(one: dict) -> tuple[str, str]:
    return one["potential"], one["protocol"]


if __name__ == "__main__":
    sys.exit(main())
