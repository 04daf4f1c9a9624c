"""The subcommands of `openmm-mlff campaign` after parsing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from openmm_mlff.campaign.leaderboard import write_leaderboard
from openmm_mlff.campaign.plan import expand
from openmm_mlff.campaign.session import Progress as OnProgress
from openmm_mlff.campaign.session import left_to_do, open_store, run_session
from openmm_mlff.campaign.spec import load_spec
from openmm_mlff.campaign.states import overall, overall_label, read_states, states_of
from openmm_mlff.campaign.store import Store
from openmm_mlff.campaign.tables import render_failures, render_plan, render_status
from openmm_mlff.results import EXIT_CODES


def show_plan(path: Path, *, output: Path | None) -> int:
    """Print the runs of a campaign and their states; return 0.

    ``output`` of None takes the folder given in the file.
    """
    asked = load_spec(path)
    states = states_of([cell.row() for cell in expand(asked)], Store(output or asked.folder))
    console = Console()
    render_plan(states, console=console)
    render_failures(states, console=console)
    return 0


def run_campaign(
    path: Path, *, output: Path | None, scheduler: str | None, limit: int | None
) -> int:
    """Run or resume a campaign and write its page.

    ``output`` and ``scheduler`` of None take the values in the file; ``limit`` is the maximum of
    runs, None for all.

    Returns:
        0 if every run is APPROVED, 1 if any is REJECTED, else 3.
    """
    asked = load_spec(path)
    cells = expand(asked)
    store = open_store(asked, cells, root=output or asked.folder)
    todo = left_to_do(cells, store)[:limit]
    if todo:
        with _bar() as show:
            run_session(asked, todo, store, scheduler=scheduler, on_progress=show)
    return write_report(store.root)


def show_status(folder: Path) -> int:
    """Print the progress of a campaign without writing anything; return 0."""
    render_status(read_states(Store.open(folder)), console=Console())
    return 0


def write_report(folder: Path) -> int:
    """Write the page of a campaign, complete or not.

    Returns:
        0 if every run is APPROVED, 1 if any is REJECTED, else 3.
    """
    store, console = Store.open(folder), Console()
    states = read_states(store)
    page = write_leaderboard(states, store, name=store.read_campaign()["spec"]["name"])
    render_status(states, console=console)
    console.print(f"{overall_label(states)}: {page}", soft_wrap=True, highlight=False)
    return EXIT_CODES[overall(states)]


@contextmanager
def _bar() -> Iterator[OnProgress]:
    """Yield a callback that updates a progress bar on stderr, if that is a terminal."""
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
