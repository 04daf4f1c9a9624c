"""Terminal output of a campaign."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from openmm_mlff.campaign.leaderboard import standings
from openmm_mlff.campaign.overhead import Overhead
from openmm_mlff.campaign.page import duration_text
from openmm_mlff.campaign.states import BEGUN, UNUSABLE, WAITING, CellState
from openmm_mlff.campaign.store import DONE, FAILED, LOST
from openmm_mlff.report.tables import plain_table
from openmm_mlff.report.wording import NOTHING, number
from openmm_mlff.results import VerdictStatus

STATES = (DONE, BEGUN, WAITING, FAILED, LOST, UNUSABLE)
SILENT_SECONDS = 60.0
_COLOURS = {"APPROVED": "green", "REJECTED": "red", "INCONCLUSIVE": "yellow", DONE: "green"}


def render_plan(states: Sequence[CellState], *, console: Console) -> None:
    """Print every run with its state."""
    table = plain_table(
        f"{len(states)} runs", heads=("Model", "System", "Condition", "Seed", "State", "Address")
    )
    for state in states:
        word = state.verdict.value if state.verdict else state.state
        label = state.label or state.state
        table.add_row(
            state.model,
            Text(state.system),
            state.condition,
            str(state.seed),
            Text(label, style=_COLOURS.get(word, "")),
            state.address[:12],
        )
    console.print(table)


def render_status(states: Sequence[CellState], *, console: Console) -> None:
    """Print the progress of a campaign: counts, running and failed runs."""
    table = plain_table("How far each model is", heads=("Model", *STATES), right_from=1)
    for model in dict.fromkeys(state.model for state in states):
        found = Counter(state.state for state in states if state.model == model)
        table.add_row(Text(model), *(str(found[name] or NOTHING) for name in STATES))
    console.print(table)
    for state in states:
        if state.state == BEGUN:
            console.print(Text(_begun_line(state)), soft_wrap=True)
    render_failures(states, console=console)


def render_leaderboard(states: Sequence[CellState], *, console: Console) -> None:
    """Print the ranked models."""
    table = plain_table(
        "Leaderboard",
        heads=(
            "Model",
            "Approved",
            "Rejected",
            "Inconcl.",
            "No verdict",
            "Forces eV/Å",
            "Drift meV/atom/ps",
            "ms/step",
        ),
        right_from=1,
    )
    for one in standings(states):
        table.add_row(
            Text(one.model),
            *(
                str(one.verdicts[status] or NOTHING)
                for status in (
                    VerdictStatus.APPROVED,
                    VerdictStatus.REJECTED,
                    VerdictStatus.INCONCLUSIVE,
                )
            ),
            str(one.n_failed + one.n_open or NOTHING),
            number(one.force_ev_per_angstrom),
            number(one.drift_mev_per_atom_per_ps),
            number(one.ms_per_step),
        )
    console.print(table)


def render_failures(states: Sequence[CellState], *, console: Console) -> None:
    """Print the distinct reasons why runs ended without a verdict."""
    reasons = Counter((one.model, one.message) for one in states if one.has_failed)
    for (model, message), count in reasons.items():
        runs = "1 run" if count == 1 else f"{count} runs"
        line = Text(f"{model}: {runs} without a verdict: {message}", style="red")
        console.print(line, soft_wrap=True)


def overhead_line(overhead: Overhead) -> str:
    """Format the time of the workers by purpose in one line."""
    if overhead.share is None:
        return "no run has ended yet"
    lost = ""
    if overhead.broken_off:
        lost = (
            f"; {overhead.broken_off} broken off by a worker that ended, "
            f"{duration_text(overhead.broken_off_seconds)} in"
        )
    return (
        f"{overhead.n_runs} runs of {duration_text(overhead.run_seconds)} together on "
        f"{overhead.n_workers} workers; between runs {100.0 * overhead.share:.2g} %, "
        f"start-up {duration_text(overhead.startup_seconds)}{lost}"
    )


def _begun_line(state: CellState) -> str:
    """Format worker and progress of a run."""
    silent = state.silent_seconds()
    sign = "" if silent < SILENT_SECONDS else f", silent for {duration_text(silent)}"
    again = "" if len(state.attempts) == 1 else f", taken up {len(state.attempts)} times"
    return (
        f"{state.model}, {state.system}, {state.condition}, seed {state.seed}: "
        f"{state.message or 'begun'} on {state.attempts[-1].worker}{again}{sign}"
    )
