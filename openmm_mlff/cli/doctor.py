"""`openmm-mlff doctor`."""

import json
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from openmm_mlff.cli.output import AsJson

if TYPE_CHECKING:
    from openmm_mlff.doctor.findings import Finding

EXIT_NOT_READY = 1
_MARKS = {"ok": ("✔", "green"), "note": ("–", "yellow"), "problem": ("✘", "bold red")}


def doctor_command(*, as_json: AsJson = False) -> int:
    """Check whether this machine is ready: Python, packages, platforms, GPU, reference, compiler.

    Each item is tested in its own process, a TorchForce on every platform. Exit code 0: ready;
    1: not ready, and each problem is followed by its remedy.

    Returns:
        The exit code.
    """
    from openmm_mlff.doctor.examination import examine
    from openmm_mlff.doctor.findings import as_document, is_ready

    if as_json:
        findings = examine()
        print(json.dumps(as_document(findings), indent=1, ensure_ascii=False))
    else:
        with Console(stderr=True).status("testing what a validation needs, about 20 s"):
            findings = examine()
        print_findings(findings, console=Console())
    return 0 if is_ready(findings) else EXIT_NOT_READY


def print_findings(findings: "Sequence[Finding]", *, console: Console) -> None:
    """Print findings by topic, with the remedy below each problem."""
    from openmm_mlff.doctor.findings import is_ready

    for topic, group in groupby(findings, key=lambda finding: finding.topic):
        console.print(Text(topic, style="bold blue"))
        table = Table.grid(padding=(0, 1))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, min_width=20)
        table.add_column(overflow="fold")
        for finding in group:
            mark, style = _MARKS[finding.state]
            said = Text(finding.found)
            if finding.remedy:
                said.append(f"\n→ {finding.remedy}", style="cyan")
            table.add_row(Text(f" {mark}", style=style), Text(finding.what), said)
        console.print(table)
    console.print()
    if is_ready(findings):
        console.print(Text("This machine is ready.", style="bold green"))
        console.print("Next: openmm-mlff validate student:tiny --system water --protocol quick")
        return
    problems = sum(finding.state == "problem" for finding in findings)
    counted = "1 problem" if problems == 1 else f"{problems} problems"
    answer = f"This machine is not ready: {counted}, each with what to do (→)."
    console.print(Text(answer, style="bold red"))
