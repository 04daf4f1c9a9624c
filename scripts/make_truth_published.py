"""Validate published potentials of which the truth is known: each verdict must be the true one.

Run from the root of a checkout, in the environment that scripts/make_foreign.py makes::

    .venv-foreign/bin/python scripts/make_truth_published.py --files FOLDER
    .venv-foreign/bin/python scripts/make_truth_published.py --files FOLDER --only "ANI-2x"

FOLDER holds what no package brings: ANI's parameters and how they are exported, the NEP of water,
the crystals and the module of SevenNet.  Nothing of it is copied into the checkout.  Finished
validations are kept in reports/truth/published.json and not repeated, so that an interrupted run
goes on where it was; delete the file when the checks change.  The table of all that is finished is
written to reports/truth/published.md.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from published import CASES, Case, export

from openmm_mlff.claims import MOST_SEVERE_FIRST, Status
from openmm_mlff.config import Protocol, load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.selftest.runner import validate_with
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import read_json, write_json
from openmm_mlff.storage.text import cut

TABLE = Path("reports/truth/published.md")
RESULTS = TABLE.with_suffix(".json")
SHORT = Path(__file__).with_name("published.toml")
PASSED = (Status.PASS, Status.NOT_APPLICABLE)
MACHINE = ("speed",)
"""Depends on the machine more than on the potential, so it is only reported."""
LONGEST_MESSAGE = 160


def main() -> int:
    """Run the requested validations and write the table; return 1 if a verdict is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=Path, required=True, help="folder of the published files")
    parser.add_argument("--only", default="", help="cases whose name has this text; default all")
    asked = parser.parse_args()
    files = asked.files.resolve()
    sys.path.append(str(files))
    chosen = [case for case in CASES if asked.only in f"{case.protocol} {case.potential}"]
    found = read_json(RESULTS) if RESULTS.exists() else {}
    for case in chosen:
        if case.name not in found:
            with tempfile.TemporaryDirectory() as made:
                found[case.name] = validated(case, files=files, made=Path(made))
            write_json(RESULTS, found)
        print(f"{case.name}: {found[case.name]['verdict']}", flush=True)
    done = [(case, found[case.name]) for case in CASES if case.name in found]
    write_text(TABLE, page(done))
    return int(any(differences(case, one) for case, one in done))


def validated(case: Case, *, files: Path, made: Path) -> dict[str, Any]:
    """Run one validation and return its result."""
    export(case, files=files, made=made)
    here = files / case.system
    potential = load_potential(case.spec.format(files=files, made=made))
    molecule = load_system(str(here) if here.is_file() else case.system)
    began_s = time.perf_counter()
    report = validate_with(
        potential,
        molecule,
        protocol=protocol_of(case),
        root=made / "run",
        platform="auto",
        precision="mixed",
    )
    ranked = sorted(report.checks, key=lambda one: MOST_SEVERE_FIRST.index(one.status))
    return {
        "verdict": report.verdict.status.value,
        "claims": {claim.name: claim.status.value for claim in report.verdict.claims.both},
        "seconds": time.perf_counter() - began_s,
        "open": [
            {
                "check": one.id,
                "status": one.status.value,
                "message": one.message.replace(f"{made}/", "").replace(f"{files}/", ""),
            }
            for one in ranked
            if one.required and one.group != "accuracy" and one.status not in PASSED
        ],
    }


def protocol_of(case: Case) -> Protocol:
    """Return the protocol of a case at its temperature; checks of the machine are only reported."""
    protocol = load_protocol(str(SHORT) if case.protocol == "short" else case.protocol)
    temperatures = {"temperatures_kelvin": (case.temperature_kelvin,)}
    return protocol.model_copy(
        update={
            "dynamics": protocol.dynamics.model_copy(update=temperatures),
            "required": tuple(one for one in protocol.required if one not in MACHINE),
            "reported": (*protocol.reported, *MACHINE),
        }
    )


def differences(case: Case, found: dict[str, Any]) -> list[str]:
    """Return the differences between a result and the truth."""
    lines = []
    if found["verdict"] != case.verdict.value:
        lines.append(f"{found['verdict']}, expected {case.verdict.value}")
    failed = {
        one["check"]: one["status"]
        for one in found["open"]
        if one["status"] in (Status.FAIL.value, Status.ERROR.value)
    }
    if case.faults:
        lines += [f"{check} did not fail" for check in case.faults if check not in failed]
    else:
        lines += [f"{check} {status}: a false alarm" for check, status in failed.items()]
    return lines


def page(done: list[tuple[Case, dict[str, Any]]]) -> str:
    """Return the table as Markdown."""
    lines = [
        "# Published potentials",
        "",
        "Printed by `scripts/make_truth_published.py`: potentials made by others, what is known of",
        "them, and the verdict. No reference is named, so only the claim sound is judged. `quick`",
        "and `short` (0.1 ps) never approve: there a healthy potential is INCONCLUSIVE. `speed`",
        "depends on the machine and is only reported here.",
        "",
        "| potential | system | protocol | verdict | sound | accurate | required checks that did "
        "not pass | why the verdict is true |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case, found in done:
        hotter = f", {case.temperature_kelvin:g} K" if case.temperature_kelvin != 300.0 else ""
        verdict, claims = found["verdict"], found["claims"]
        lines.append(
            f"| {case.potential} | `{case.system}`{hotter} | {case.protocol} | {verdict} "
            f"| {claims['sound']} | {claims['accurate']} | {_open(found)} | {case.truth} |"
        )
    wrong = [
        f"- {case.potential} on {case.system}, {case.protocol}: {difference}"
        for case, found in done
        for difference in differences(case, found)
    ]
    waiting = [case for case in CASES if case not in [one for one, _ in done]]
    names = [f"- {case.potential} on {case.system}, {case.protocol}" for case in waiting]
    for title, entries in (("Verdicts that are not true", wrong), ("Not validated yet", names)):
        lines += ["", f"## {title}", "", *(entries or ["None."])]
    return "\n".join(lines) + "\n"


def _open(found: dict[str, Any]) -> str:
    """Return the required checks that did not pass, as a table cell."""
    entries = [
        f"`{one['check']}` {one['status']}: {cut(one['message'], length=LONGEST_MESSAGE)}"
        for one in found["open"]
    ]
    return "<br>".join(entries).replace("|", "\\|") or "none"


if __name__ == "__main__":
    sys.exit(main())
