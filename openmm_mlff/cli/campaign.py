"""`openmm-mlff campaign`: many validations on many workers."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from openmm_mlff.cli.interrupts import InterruptedCommandError
from openmm_mlff.cli.options import option
from openmm_mlff.cli.progress import progress_bar
from openmm_mlff.results import EXIT_CODES

HELP = (
    "Validate models x systems x temperatures x timesteps x seeds, listed in a file, on many "
    "workers, each run once. campaign SPEC.toml runs or resumes it; campaign status and campaign "
    "report read the results so far."
)


class RunByDefault(TyperGroup):
    """A command group in which `campaign SPEC.toml` is `campaign run SPEC.toml`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the name of the default command if there is none."""
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


@app.command("run", help="Run or resume a campaign; runs with a verdict are not repeated.")
def run_command(
    spec: Annotated[
        Path, typer.Argument(metavar="SPEC.toml", help="Specification of the campaign")
    ],
    *,
    output: Annotated[Path | None, option("Folder of the campaign. Default: the file's")] = None,
    scheduler: Annotated[
        str | None,
        option(
            "A running Dask scheduler, e.g. tcp://HOST:8786. Default: as [cluster] says, else the "
            "cores of this machine",
            metavar="ADDRESS",
        ),
    ] = None,
    limit: Annotated[int | None, option("Largest number of runs to start now", min=1)] = None,
    dry_run: Annotated[
        bool, option("List the runs and their states without running any", "--dry-run")
    ] = False,
) -> int:
    """Run or resume a campaign and write its page, or list its runs.

    Returns:
        0 where every run is APPROVED, 1 where any is REJECTED, else 3; 0 for a list.

    Raises:
        InterruptedCommandError: by Ctrl-C.
    """
    from openmm_mlff.campaign.plan import expand
    from openmm_mlff.campaign.session import left_to_do, open_store, run_session
    from openmm_mlff.campaign.spec import load_spec
    from openmm_mlff.campaign.states import states_of
    from openmm_mlff.campaign.store import Store
    from openmm_mlff.campaign.tables import render_failures, render_plan

    try:
        asked = load_spec(spec)
        cells, folder = expand(asked), output or asked.folder
        if dry_run:
            states = states_of([cell.row() for cell in cells], Store(folder))
            render_plan(states, console=Console())
            render_failures(states, console=Console())
            return 0
        store = open_store(asked, cells, root=folder)
        todo = left_to_do(cells, store)[:limit]
        if todo:
            with progress_bar("campaign", hidden=True) as show:
                run_session(asked, todo, store, scheduler=scheduler, on_progress=show)
        return report_command(store.root)
    except KeyboardInterrupt as error:
        raise InterruptedCommandError("interrupted; the same command resumes it") from error


@app.command("status", help="Show the progress of a campaign: done, running, waiting, failed.")
def status_command(folder: Folder) -> int:
    """Print the progress of a campaign without writing anything; return 0."""
    from openmm_mlff.campaign.states import read_states
    from openmm_mlff.campaign.store import Store
    from openmm_mlff.campaign.tables import render_status

    render_status(read_states(Store.open(folder)), console=Console())
    return 0


@app.command("report", help="Write the page: leaderboard, accuracy against speed, all verdicts.")
def report_command(folder: Folder) -> int:
    """Write the page of a campaign, complete or not.

    Returns:
        0 where every run is APPROVED, 1 where any is REJECTED, else 3.
    """
    from openmm_mlff.campaign.leaderboard import write_leaderboard
    from openmm_mlff.campaign.states import overall, overall_label, read_states
    from openmm_mlff.campaign.store import Store
    from openmm_mlff.campaign.tables import render_status

    store, console = Store.open(folder), Console()
    states = read_states(store)
    page = write_leaderboard(states, store, name=store.read_campaign()["spec"]["name"])
    render_status(states, console=console)
    console.print(f"{overall_label(states)}: {page}", soft_wrap=True, highlight=False)
    return EXIT_CODES[overall(states)]
