"""`openmm-mlff campaign`: many validations on many workers."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from openmm_mlff.campaign.page import CampaignReport, write_campaign_report
from openmm_mlff.campaign.plan import Cell, expand
from openmm_mlff.campaign.session import Progress as OnProgress
from openmm_mlff.campaign.session import left_to_do, open_store, run_session
from openmm_mlff.campaign.spec import CampaignSpec, load_spec
from openmm_mlff.campaign.states import overall, read_states, states_of
from openmm_mlff.campaign.store import Store
from openmm_mlff.campaign.tables import (
    overhead_line,
    render_failures,
    render_leaderboard,
    render_plan,
    render_status,
)
from openmm_mlff.records import EXIT_CODES

EXIT_INTERRUPTED = 130

HELP = (
    "Validate models x systems x temperatures x timesteps x seeds, as a file says, on many "
    "workers; each run once, whatever is started again. campaign SPEC.toml runs it; "
    "campaign status and campaign report read what there is."
)


class RunByDefault(TyperGroup):
    """`campaign SPEC.toml` is `campaign run SPEC.toml`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name where there is none."""
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=RunByDefault,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Folder = Annotated[Path, typer.Argument(help="A folder that a campaign wrote")]


@app.command("run", help="Run a campaign, or go on with it; what has a verdict is not run again.")
def run_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.toml", help="What is to be run")],
    *,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of the campaign. Default: the file's", show_default=False),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A running Dask scheduler, e.g. tcp://HOST:8786. Default: as [cluster] says, "
            "else the cores of this machine",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Run no more than so many now", show_default=False),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the runs and how far they are; run nothing")
    ] = False,
) -> int:
    """Run a campaign, or go on with it.

    Returns:
        0 where every run is APPROVED, 1 where any is REJECTED, else 3; 130 when interrupted.
    """
    asked = load_spec(spec)
    cells = expand(asked)
    root = output or asked.folder
    console = Console()
    if dry_run:
        states = states_of([cell.row() for cell in cells], Store(root))
        render_plan(states, console=console)
        render_failures(states, console=console)
        return 0
    store = open_store(asked, cells, root=root)
    todo = left_to_do(cells, store)[:limit]
    try:
        if todo:
            _run(asked, todo, store, scheduler=scheduler)
    except KeyboardInterrupt:
        print(
            "openmm-mlff: interrupted; what was written stays; go on with: openmm-mlff "
            f"{' '.join(sys.argv[1:])}",
            file=sys.stderr,
        )
        return EXIT_INTERRUPTED
    return _present(write_campaign_report(store), console=console)


@app.command("status", help="Say how far a campaign is: what is done, running, waiting, failed.")
def status_command(folder: Folder) -> int:
    """Say how far a campaign is; nothing is written.

    Returns:
        0.
    """
    render_status(read_states(Store.open(folder)), console=Console())
    return 0


@app.command("report", help="Write the page: leaderboard, accuracy against speed, all verdicts.")
def report_command(folder: Folder) -> int:
    """Write a campaign's page, complete or not.

    Returns:
        0 where every run is APPROVED, 1 where any is REJECTED, else 3.
    """
    return _present(write_campaign_report(Store.open(folder)), console=Console())


def _run(spec: CampaignSpec, cells: list[Cell], store: Store, *, scheduler: str | None) -> None:
    with _bar() as show:
        run_session(spec, cells, store, scheduler=scheduler, on_progress=show)


def _present(report: CampaignReport, *, console: Console) -> int:
    """Print what a campaign came to and where all lies."""
    render_leaderboard(report.states, console=console)
    render_failures(report.states, console=console)
    console.print(overhead_line(report.overhead), soft_wrap=True, highlight=False)
    console.print(f"{report.verdict.value}: {report.page}", soft_wrap=True, highlight=False)
    return EXIT_CODES[overall(report.states)]


@contextmanager
def _bar() -> Iterator[OnProgress]:
    """Show one bar on stderr; nothing where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("campaign"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("starting", total=None)

        def show(done: int, total: int, words: str) -> None:
            bars.update(task, completed=done, total=total, description=words)

        yield show
