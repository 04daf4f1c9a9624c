"""The command line: arguments, progress, exit codes."""

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from openmm_mlff.errors import UserError

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

# Newer versions of typer carry a click of their own; this finds the one in use.
_ClickException: Any = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `openmm-mlff` and leave with its exit code.

    0 APPROVED (or done), 1 REJECTED, 3 INCONCLUSIVE, 2 wrong usage or unusable input, said in one
    line on stderr.

    Args:
        arguments: None takes those of the process.

    Raises:
        SystemExit: always, with the code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    if not debug:
        # Third-party deprecation warnings tell a user nothing.
        warnings.filterwarnings("ignore")
        os.environ.setdefault("PYTHONWARNINGS", "ignore")
    try:
        sys.exit(_run(given))
    except (UserError, _ClickException) as error:
        if debug:
            traceback.print_exc()
        said = _usage(error) if isinstance(error, _ClickException) else str(error)
        print(f"openmm-mlff: {' '.join(said.split())}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        print("openmm-mlff: interrupted; what was written stays, --resume goes on", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _usage(error: Any) -> str:
    """Say what was wrong with the arguments, and where the right ones are listed."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "openmm-mlff"
    return f"{error.format_message().rstrip('.')}; see {command} --help"


def _run(arguments: list[str]) -> int:
    """Run the command and give its exit code."""
    from openmm_mlff.cli.app import app

    command = typer.main.get_command(app)
    outcome = command.main(args=arguments, prog_name="openmm-mlff", standalone_mode=False)
    return outcome if isinstance(outcome, int) else 0
