"""`openmm-mlff campaign`: many validations on many workers."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from openmm_mlff.cli.resuming import InterruptedCampaignError

HELP = (
    "Validate models x systems x temperatures x timesteps x seeds, as a file says, on many "
    "workers; each run once, whatever is started again. campaign SPEC.toml runs it; "
    "campaign status and campaign report read what there is."
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
        0 where every run is APPROVED, 1 where any is REJECTED, else 3.

    Raises:
        InterruptedCampaignError: by Ctrl-C.
    """
    from openmm_mlff.campaign import command

    if dry_run:
        return command.show_plan(spec, output=output)
    try:
        return command.run_campaign(spec, output=output, scheduler=scheduler, limit=limit)
    except KeyboardInterrupt as error:
        raise InterruptedCampaignError("interrupted; the same command resumes it") from error


@app.command("status", help="Show the progress of a campaign: done, running, waiting, failed.")
def status_command(folder: Folder) -> int:
    """Show the progress of a campaign; nothing is written.

    Returns:
        0.
    """
    from openmm_mlff.campaign.command import show_status

    return show_status(folder)


@app.command("report", help="Write the page: leaderboard, accuracy against speed, all verdicts.")
def report_command(folder: Folder) -> int:
    """Write a campaign's page, complete or not.

    Returns:
        0 where every run is APPROVED, 1 where any is REJECTED, else 3.
    """
    from openmm_mlff.campaign.command import write_report

    return write_report(folder)
