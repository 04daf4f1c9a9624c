"""The command line: arguments, progress, exit codes."""

import io
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import typer

from openmm_mlff.cli.interrupts import InterruptedCommandError
from openmm_mlff.errors import ConfigError, MlffError
from openmm_mlff.storage.text import printable

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

# Newer versions of typer bundle their own click; this finds the one in use.
_ClickException: Any = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `openmm-mlff` and exit with its exit code.

    0 APPROVED (or done), 1 REJECTED, 3 INCONCLUSIVE, 2 wrong usage or unusable input, with a
    one-line message on stderr. ``arguments`` of None are those of the process.

    Raises:
        SystemExit: always, with the code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    given = [argument for argument in given if argument != "--debug"]
    if not debug:
        # Third-party deprecation warnings do not help a user.
        warnings.filterwarnings("ignore")
        os.environ.setdefault("PYTHONWARNINGS", "ignore")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Print ? for characters that the terminal's encoding lacks, instead of failing.
            stream.reconfigure(errors="replace")
    # Waiting torch threads release their core soon: longer spinning made a batch 3 to 10 times
    # slower beside another process, and has no benefit without one.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    if threading.current_thread() is threading.main_thread():
        # A cluster ends a job by SIGTERM: as for Ctrl-C, say how to resume.
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        _check_encoding(given)
        code = _run(given)
        # Flushing may find that the reader is gone, which is handled here rather than at exit.
        sys.stdout.flush()
        sys.exit(code)
    except InterruptedCommandError as error:
        command = error.resume_command(given)
        print(f"openmm-mlff: interrupted; to resume: {command}", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except (MlffError, _ClickException, OSError) as error:
        if debug:
            traceback.print_exc()
        print(f"openmm-mlff: {printable(' '.join(_said(error).split()))}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except (KeyboardInterrupt, typer.Abort):
        print("openmm-mlff: interrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _said(error: Any) -> str:
    """Return a one-line message for an error, with the name of a file that failed at exit."""
    if isinstance(error, _ClickException):
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "openmm-mlff"
        return f"{error.format_message().rstrip('.')}; see {command} --help"
    if isinstance(error, BrokenPipeError):
        # Python flushes again at exit, and would print an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return "the reader closed the pipe; the rest was not printed"
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}; check the permissions of the file and its folder"
    return str(error)


def _check_encoding(arguments: list[str]) -> None:
    """Check that arguments are valid text, because they appear in UTF-8 reports.

    Raises:
        ConfigError: an argument is not valid text.
    """
    for argument in arguments:
        try:
            argument.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ConfigError(
                f"the argument {argument!r} is not UTF-8 text; rename the file"
            ) from error


def _run(arguments: list[str]) -> int:
    """Run the command and return its exit code.

    Raises:
        BrokenPipeError: the reader of stdout is gone.
        KeyboardInterrupt: the user interrupted it.
    """
    from openmm_mlff.cli.app import app

    command = typer.main.get_command(app)
    try:
        outcome = command.main(args=arguments, prog_name="openmm-mlff", standalone_mode=False)
    except SystemExit as left:
        if not left.code:  # typer's own options, such as --install-completion
            return 0
        # Rich exits with 1 if the reader is gone, and 1 means REJECTED here.
        raise BrokenPipeError from left
    if outcome == EXIT_INTERRUPTED:  # typer prints no message for it.
        raise KeyboardInterrupt
    return outcome if isinstance(outcome, int) else 0
