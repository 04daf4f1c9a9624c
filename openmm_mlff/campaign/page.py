"""The page of a campaign: leaderboard, accuracy against speed, verdict matrix."""

import base64
import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmm_mlff.campaign.figure import FIGURE_FILE, speed_figure
from openmm_mlff.campaign.leaderboard import kind_of, matrix, speed_points, standings
from openmm_mlff.campaign.overhead import Overhead, measure_overhead
from openmm_mlff.campaign.states import CellState, overall, overall_label, read_states
from openmm_mlff.campaign.store import DONE, Store
from openmm_mlff.report.canvas import FigureRecord
from openmm_mlff.report.templating import templates_in
from openmm_mlff.report.wording import NOTHING, integer, number
from openmm_mlff.results import VerdictStatus, jsonable
from openmm_mlff.rundir import write_json, write_text

PAGE_FILE = "report.html"
LEADERBOARD_FILE = "leaderboard.json"
TEMPLATES_FOLDER = Path(__file__).parent / "templates"
TEMPLATE = "campaign.html.j2"
RUN_PAGES = ("report.html", "report.md")


@dataclass(frozen=True)
class CampaignReport:
    """Result of a campaign.

    Attributes:
        verdict: the most severe.
        page: the file that was written.
    """

    name: str
    states: list[CellState]
    verdict: VerdictStatus
    overhead: Overhead
    page: Path


def write_campaign_report(store: Store) -> CampaignReport:
    """Write the page of a campaign, complete or not, and `leaderboard.json`."""
    spec = store.read_campaign()["spec"]
    states = read_states(store)
    attempts = {state.address: state.attempts for state in states}
    overhead = measure_overhead(
        [one for several in attempts.values() for one in several], store.sessions()
    )
    figure = speed_figure(speed_points(states), path=store.root / "figures" / FIGURE_FILE)
    page = store.root / PAGE_FILE
    write_json(store.root / LEADERBOARD_FILE, leaderboard_json(states))
    write_text(page, campaign_html(spec, states, overhead=overhead, figure=figure, store=store))
    return CampaignReport(spec["name"], states, overall(states), overhead, page)


def leaderboard_json(states: Sequence[CellState]) -> dict[str, Any]:
    """Return the leaderboard and the verdicts of all runs as JSON-compatible data."""
    keep = ("address", "model", "system", "condition", "seed", "state", "message")
    return {
        "schema_version": 2,
        "verdict": overall(states).value,
        "label": overall_label(states),
        "models": [
            jsonable(
                {
                    **vars(standing),
                    "verdicts": {key.value: count for key, count in standing.verdicts.items()},
                }
            )
            for standing in standings(states)
        ],
        "runs": [
            {key: getattr(state, key) for key in keep}
            | {
                "verdict": state.verdict.value if state.verdict else None,
                "label": state.label or None,
            }
            for state in states
        ],
    }


def campaign_html(
    spec: dict[str, Any],
    states: Sequence[CellState],
    *,
    overhead: Overhead,
    figure: FigureRecord | None,
    store: Store,
) -> str:
    """Return the self-contained page, in which all text is escaped."""
    ranked = standings(states)
    models = [standing.model for standing in ranked]
    environment = templates_in(TEMPLATES_FOLDER, autoescape=True)
    environment.filters.update(number=number, integer=integer, duration=duration_text)
    return environment.get_template(TEMPLATE).render(
        name=spec["name"],
        spec=spec,
        made=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        verdict=overall(states).value,
        label=overall_label(states),
        counts=_counts(states),
        standings=ranked,
        approved=VerdictStatus.APPROVED,
        rejected=VerdictStatus.REJECTED,
        inconclusive=VerdictStatus.INCONCLUSIVE,
        models=models,
        matrix=matrix(states, models=models),
        links={state.address: _link(state, store) for state in states},
        failures=[state for state in states if state.has_failed],
        overhead=overhead,
        figure=figure,
        image="" if figure is None else base64.b64encode(figure.path.read_bytes()).decode(),
        nothing=NOTHING,
    )


def duration_text(seconds: float) -> str:
    """Format a duration, e.g. ``42 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _counts(states: Sequence[CellState]) -> list[tuple[str, int]]:
    """Return the number of runs of each colour class, including zeros."""
    found = Counter(kind_of(state) for state in states)
    return [
        (kind, found[kind]) for kind in ("approved", "rejected", "inconclusive", "failed", "open")
    ]


def _link(state: CellState, store: Store) -> str:
    """Return the link to the report of a run; empty where there is none."""
    if state.state != DONE:
        return ""
    folder = store.run(state.address)
    pages = [folder / name for name in RUN_PAGES if (folder / name).is_file()]
    return pages[0].relative_to(store.root).as_posix() if pages else ""
