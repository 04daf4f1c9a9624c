"""All commands, in the order in which `--help` lists them."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import typer

from openmm_mlff.benchmark.command import benchmark_command
from openmm_mlff.cli import campaign, export, information, reports, selftest, validate

EPILOG = (
    "Start with: openmm-mlff validate student:original --system water --protocol quick. "
    "Every command explains itself with --help. Exit codes: 0 APPROVED, 1 REJECTED, "
    "3 INCONCLUSIVE, 2 wrong usage. --debug anywhere shows tracebacks."
)

app = typer.Typer(
    name="openmm-mlff",
    help="Judge machine-learned force fields as they are deployed in OpenMM.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("validate", validate.validate_command),
    ("judge", reports.judge_command),
    ("compare", reports.compare_command),
    ("export", export.export_command),
    ("benchmark", benchmark_command),
    ("systems", information.systems_command),
    ("checks", information.checks_command),
    ("doctor", information.doctor_command),
    ("selftest", selftest.selftest_command),
)


def help_of(command: Callable[..., Any]) -> str:
    """Give what a docstring says before its first section, which is for readers of the code."""
    text = inspect.getdoc(command) or ""
    return re.split(r"\n(?:Args|Returns|Raises):\n", text)[0].strip()


for name, command in COMMANDS:
    app.command(name, help=help_of(command))(command)
app.add_typer(campaign.app, name="campaign")
