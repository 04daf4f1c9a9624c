"""All commands, in the order of `--help`."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import typer

from openmm_mlff.cli import (
    benchmark,
    campaign,
    doctor,
    export,
    information,
    reports,
    selftest,
    starting,
    validate,
    verify,
)

EPILOG = (
    "Start with: openmm-mlff validate student:original --system water --protocol quick. "
    "--help works on every command. Exit codes: 0 APPROVED, 1 REJECTED, "
    "3 INCONCLUSIVE, 2 wrong usage. --debug anywhere shows tracebacks."
)
SUMMARY = "Judge machine-learned force fields as they are deployed in OpenMM."
FIRST_STEPS = """\
openmm-mlff checks whether a machine-learned force field is safe for MD in OpenMM.

  1. Is this machine ready?     openmm-mlff doctor
  2. A first verdict, a minute  openmm-mlff validate student:tiny -s water --protocol quick
  3. Your model, your molecule  openmm-mlff validate best_model.pt -s my.pdb

Then: openmm-mlff checks    the checks and their thresholds
      openmm-mlff systems   the molecules of the library
      openmm-mlff --help    all commands; --help works on each
      openmm-mlff --install-completion    tab completion of potentials, systems, checks
"""

app = typer.Typer(
    name="openmm-mlff",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("validate", validate.validate_command),
    ("judge", reports.judge_command),
    ("compare", reports.compare_command),
    ("verify", verify.verify_command),
    ("export", export.export_command),
    ("benchmark", benchmark.benchmark_command),
    ("systems", information.systems_command),
    ("checks", information.checks_command),
    ("doctor", doctor.doctor_command),
    ("selftest", selftest.selftest_command),
    ("new-protocol", starting.new_protocol_command),
    ("init", starting.init_command),
)


@app.callback(invoke_without_command=True, help=SUMMARY, epilog=EPILOG)
def first_steps(context: typer.Context) -> None:
    """Print the first steps if no command is given."""
    if context.invoked_subcommand is None:
        typer.echo(FIRST_STEPS, nl=False)


def help_of(command: Callable[..., Any]) -> str:
    """Return the part of a docstring before its first section, which is for developers."""
    text = inspect.getdoc(command) or ""
    return re.split(r"\n(?:Args|Returns|Raises):\n", text)[0].strip()


for name, command in COMMANDS:
    app.command(name, help=help_of(command))(command)
app.add_typer(campaign.app, name="campaign")
