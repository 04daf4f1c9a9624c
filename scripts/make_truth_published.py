"""Validate published potentials of which the truth is known: each verdict must be the true one.

Run from the root of a checkout, in the environment that scripts/make_foreign.py makes::

    .venv-foreign/bin/python scripts/make_truth_published.py --files FOLDER
    .venv-foreign/bin/python scripts/make_truth_published.py --files FOLDER --only "ANI-2x"

FOLDER holds what no package brings: ANI's parameters and how they are exported, the NEP of water,
the crystals and the module of SevenNet.  Nothing of it is copied into the checkout.  Each finished
validation has its report below reports/truth/published and is not repeated, so that an interrupted
run goes on where it was; delete that folder when the checks change.  Written from these reports are
the table reports/truth/published.md and the leaderboard reports/truth/leaderboard.html.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from published import CASES, Case, export

from openmm_mlff.claims import MOST_SEVERE_FIRST, Status
from openmm_mlff.config import Protocol, load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.report.comparing.merging import merge, verdict_rank
from openmm_mlff.report.comparing.page import comparison_html
from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.report.markdown import report_markdown
from openmm_mlff.report.writer import REPORT_JSON, REPORT_PAGE
from openmm_mlff.results import CheckResult, ValidationReport
from openmm_mlff.selftest.runner import validate_with
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.text import cut

TABLE = Path("reports/truth/published.md")
LEADERBOARD = TABLE.with_name("leaderboard.html")
REPORTS = TABLE.with_suffix("")
SHORT = Path(__file__).with_name("published.toml")
PASSED = (Status.PASS, Status.NOT_APPLICABLE)
WRONG = (Status.FAIL, Status.ERROR)
MACHINE = ("speed",)
"""Depends on the machine more than on the potential, so it is only reported."""
LONGEST_MESSAGE = 160
TITLE = "Published potentials as deployed in OpenMM"

Finished = Sequence[tuple[Case, ValidationReport]]


def main() -> int:
    """Run the requested validations and write the pages; return 1 if a verdict is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=Path, required=True, help="folder of the published files")
    parser.add_argument("--only", default="", help="cases whose name has this text; default all")
    asked = parser.parse_args()
    files = asked.files.resolve()
    sys.path.append(str(files))
    for case in CASES:
        if asked.only in f"{case.protocol} {case.potential}" and stored(case) is None:
            with tempfile.TemporaryDirectory() as made:
                store(case, validated(case, files=files, made=Path(made)))
            print(f"{case.name}: {outcome(case)}", flush=True)
    done = [(case, found) for case in CASES if (found := stored(case)) is not None]
    write_text(TABLE, page(done))
    write_text(LEADERBOARD, leaderboard(done))
    return int(any(differences(case, found) for case, found in done))


def validated(case: Case, *, files: Path, made: Path) -> str:
    """Run one validation and return its report as JSON, without the folders of this machine."""
    export(case, files=files, made=made)
    here = files / case.system
    potential = load_potential(case.spec.format(files=files, made=made))
    molecule = load_system(str(here) if here.is_file() else case.system)
    report = validate_with(
        potential,
        molecule,
        protocol=protocol_of(case),
        root=made / "run",
        platform="auto",
        precision="mixed",
    )
    text = report.to_json()
    for folder in (made, files, Path.cwd()):
        text = text.replace(f"{folder}/", "")
    return text


def store(case: Case, text: str) -> None:
    """Write the report of a case as JSON and as a page."""
    folder = REPORTS / case.name
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / REPORT_JSON, text + "\n")
    write_text(folder / REPORT_PAGE, report_markdown(ValidationReport.from_json(text)))


def stored(case: Case) -> ValidationReport | None:
    """Return the report of a case, None where it has not been validated."""
    path = REPORTS / case.name / REPORT_JSON
    return ValidationReport.from_json(path.read_text(encoding="utf-8")) if path.exists() else None


def outcome(case: Case) -> str:
    """Return the verdict of a finished case, and what is wrong with it."""
    found = stored(case)
    return "; ".join([found.verdict.status.value, *differences(case, found)]) if found else ""


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


def not_passed(found: ValidationReport) -> list[CheckResult]:
    """Return the required results of soundness that did not pass, the most severe first."""
    return sorted(
        (
            one
            for one in found.checks
            if one.required and one.group != "accuracy" and one.status not in PASSED
        ),
        key=lambda one: MOST_SEVERE_FIRST.index(one.status),
    )


def differences(case: Case, found: ValidationReport) -> list[str]:
    """Return the differences between a result and the truth."""
    lines = []
    verdict = found.verdict.status
    if verdict is not case.verdict:
        lines.append(f"{verdict.value}, expected {case.verdict.value}")
    failed = {one.id: one.status for one in not_passed(found) if one.status in WRONG}
    if case.faults:
        return [*lines, *(f"{check} did not fail" for check in case.faults if check not in failed)]
    return [*lines, *(f"{check} {status.value}: a false alarm" for check, status in failed.items())]


def page(done: Finished) -> str:
    """Return the table as Markdown."""
    lines = [
        "# Published potentials",
        "",
        "Printed by `scripts/make_truth_published.py`: potentials made by others, what is known of",
        "them, and the verdict, with its report. No reference is named, so only the claim sound is",
        "judged. `quick` and `short` (0.1 ps) never approve: there a healthy potential is",
        "INCONCLUSIVE. `speed` depends on the machine and is only reported here.",
        "The [leaderboard](leaderboard.html) shows all of them side by side.",
        "",
        "| potential | system | protocol | verdict | sound | accurate | required checks that did "
        "not pass | why the verdict is true |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case, found in done:
        hotter = f", {case.temperature_kelvin:g} K" if case.temperature_kelvin != 300.0 else ""
        claims = found.verdict.claims
        lines.append(
            f"| {case.potential} | `{case.system}`{hotter} | {case.protocol} "
            f"| [{found.verdict.status.value}]({_link(case)}) | {claims.sound.status.value} "
            f"| {claims.accurate.status.value} | {_open(found)} | {case.truth} |"
        )
    wrong = [
        f"- {case.potential} on {case.system}, {case.protocol}: {difference}"
        for case, found in done
        for difference in differences(case, found)
    ]
    finished = [case for case, _ in done]
    waiting = [
        f"- {case.potential} on {case.system}, {case.protocol}"
        for case in CASES
        if case not in finished
    ]
    for title, entries in (("Verdicts that are not true", wrong), ("Not validated yet", waiting)):
        lines += ["", f"## {title}", "", *(entries or ["None."])]
    return "\n".join(lines) + "\n"


def leaderboard(done: Finished) -> str:
    """Return the page that compares the potentials, the soundest first."""
    ranked = []
    for name in dict.fromkeys(case.potential for case, _ in done):
        own = longest([(case, found) for case, found in done if case.potential == name])
        worst, _ = max(own, key=lambda pair: verdict_rank(pair[1]))
        ranked.append((merge([found for _, found in own], name=name), _link(worst)))
    ranked.sort(key=lambda pair: verdict_rank(pair[0]))
    reports, links = [report for report, _ in ranked], [link for _, link in ranked]
    return comparison_html(reports, summarise(reports), links=links, title=TITLE, ranked=True)


def longest(done: Finished) -> Finished:
    """Return the cases by standard, and of the others those on further systems."""
    decided = {case.system for case, _ in done if case.protocol == "standard"}
    return [one for one in done if one[0].protocol == "standard" or one[0].system not in decided]


def _link(case: Case) -> str:
    return f"{REPORTS.name}/{case.name}/{REPORT_PAGE}"


def _open(found: ValidationReport) -> str:
    """Return the required checks that did not pass, as a table cell."""
    entries = [
        f"`{one.id}` {one.status.value}: {cut(one.message, length=LONGEST_MESSAGE)}"
        for one in not_passed(found)
    ]
    return "<br>".join(entries).replace("|", "\\|") or "none"


if __name__ == "__main__":
    sys.exit(main())
