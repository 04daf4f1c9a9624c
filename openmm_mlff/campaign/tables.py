"""Terminal output of a campaign."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from openmm_mlff.campaign.states import BEGUN, UNUSABLE, WAITING, CellState
from openmm_mlff.campaign.store import FAILED, LOST
from openmm_mlff.report.terminal import VERDICT_STYLES, plain_table
from openmm_mlff.report.wording import NOTHING
from openmm_mlff.results import VerdictStatus

COLUMNS = (*(status.value for status in VerdictStatus), BEGUN, WAITING, FAILED, LOST, UNUSABLE)
SILENT_SECONDS = 60.0


def render_plan(states: Sequence[CellState], *, console: Console) -> None:
    """Print every run with its state."""
    table = plain_table(
        f"{len(states)} runs", heads=("Model", "System", "Condition", "Seed", "State", "Address")
    )
    for state in states:
        style = VERDICT_STYLES[state.verdict] if state.verdict else ""
        table.add_row(
            Text(state.model),
            Text(state.system),
            state.condition,
            str(state.seed),
            Text(state.label or state.state, style=style),
            state.address[:12],
        )
    console.print(table)


def render_status(states: Sequence[CellState], *, console: Console) -> None:
    """Print the progress of a campaign: counts, running and failed runs."""
    table = plain_table("Runs of each model", heads=("Model", *COLUMNS), right_from=1)
    for model in dict.fromkeys(state.model for state in states):
        found = Counter(state.word for state in states if state.model == model)
        table.add_row(Text(model), *(str(found[name] or NOTHING) for name in COLUMNS))
    console.print(table)
    for state in states:
        if state.state == BEGUN:
            console.print(Text(_begun_line(state)), soft_wrap=True)
    render_failures(states, console=console)


def render_failures(states: Sequence[CellState], *, console: Console) -> None:
    """Print the distinct reasons why runs ended without a verdict."""
    reasons = Counter((one.model, one.message) for one in states if one.has_failed)
    for (model, message), count in reasons.items():
        runs = "1 run" if count == 1 else f"{count} runs"
        line = Text(f"{model}: {runs} without a verdict: {message}", style="red")
        console.print(line, soft_wrap=True)


def _begun_line(state: CellState) -> str:
    """Return worker and progress of a run."""
    silent = state.silent_seconds()
    sign = "" if silent < SILENT_SECONDS else f", silent for {silent / 60.0:.0f} min"
    again = "" if len(state.attempts) == 1 else f", started {len(state.attempts)} times"
    return (
        f"{state.model}, {state.system}, {state.condition}, seed {state.seed}: "
        f"{state.message or 'started'} on {state.attempts[-1].worker}{again}{sign}"
    )
