"""The leaderboard of a campaign: the comparison page, with all runs of each model as one report."""

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from openmm_mlff.campaign.states import CellState
from openmm_mlff.campaign.store import Store
from openmm_mlff.report.comparing.merging import merge, verdict_rank
from openmm_mlff.report.comparing.page import comparison_html
from openmm_mlff.report.comparing.summary import summarise
from openmm_mlff.report.comparison import compare
from openmm_mlff.results import (
    Claim,
    Claims,
    ClaimStatus,
    ModelRecord,
    Reason,
    Scope,
    ValidationReport,
    Verdict,
    VerdictStatus,
)
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import write_json

PAGE_FILE = "report.html"
LEADERBOARD_FILE = "leaderboard.json"

_NOT_ASKED = Claim(name="accurate", status=ClaimStatus.NOT_ASKED)
_NO_SCOPE = Scope(
    elements=(),
    systems=(),
    temperatures_kelvin=(),
    max_timestep_fs=0.0,
    duration_ps=0.0,
    platform="",
    precision="",
)


def write_leaderboard(states: Sequence[CellState], store: Store, *, name: str) -> Path:
    """Write the page of a campaign, complete or not, and `leaderboard.json`; return the page."""
    reports, links = ranked_reports(states, store)
    runs = [state.row() for state in states]
    write_json(store.root / LEADERBOARD_FILE, {**compare(reports), "runs": runs})
    page = comparison_html(reports, summarise(reports), links=links, title=name, ranked=True)
    write_text(store.root / PAGE_FILE, page)
    return store.root / PAGE_FILE


def ranked_reports(
    states: Sequence[CellState], store: Store
) -> tuple[list[ValidationReport], list[str]]:
    """Return one report per model, and a link to the page of its most severe run.

    Sorted by verdict, force error and time per step, the best first. A model without any report has
    an empty link.
    """
    found = []
    for model in dict.fromkeys(state.model for state in states):
        of_model = [state for state in states if state.model == model]
        done = [(store.report(one.address), one) for one in of_model if one.verdict is not None]
        done.sort(key=lambda pair: verdict_rank(pair[0]), reverse=True)
        merged = merged_report(model, [report for report, _ in done], of_model)
        found.append((merged, store.page(done[0][1].address) if done else ""))
    found.sort(key=lambda pair: _rank(pair[0]))
    return [report for report, _ in found], [link for _, link in found]


def merged_report(
    model: str, reports: Sequence[ValidationReport], states: Sequence[CellState]
) -> ValidationReport:
    """Return all runs of a model as one report.

    ``reports`` are those of the completed runs. The verdict is the most severe one, and
    INCONCLUSIVE at best if a run has no verdict.
    """
    missing = [state for state in states if state.verdict is None]
    reasons = [
        f"{state.system}, {state.condition}, seed {state.seed}: {state.state}"
        + (f": {state.message}" if state.has_failed else "")
        for state in missing
    ]
    if not reports:
        return ValidationReport(
            model=ModelRecord(spec=model, name=model, sha256=""),
            protocol={},
            environment={},
            systems=(),
            checks=(),
            verdict=_undecided(reasons, accurate=_NOT_ASKED),
        )
    merged = merge(reports, name=model)
    verdict = merged.verdict
    if not missing or verdict.status is not VerdictStatus.APPROVED:
        return merged
    undecided = _undecided(reasons, accurate=verdict.claims.accurate, scope=verdict.scope)
    return merged.model_copy(update={"verdict": undecided})


def _undecided(reasons: Sequence[str], *, accurate: Claim, scope: Scope = _NO_SCOPE) -> Verdict:
    """Return the verdict of a model of which runs are missing."""
    sound = Claim(
        name="sound",
        status=ClaimStatus.UNDECIDED,
        reasons=tuple(Reason(message=reason) for reason in reasons),
    )
    return Verdict(
        status=VerdictStatus.INCONCLUSIVE,
        label=VerdictStatus.INCONCLUSIVE.value,
        claims=Claims(sound=sound, accurate=accurate),
        recommendation="Do not use it before all runs have a verdict.",
        next_step="Start the campaign again: it repeats the runs without a verdict.",
        scope=scope,
    )


def _rank(report: ValidationReport) -> tuple[float, float, float]:
    """Return the key by which models are sorted."""

    def median(check_id: str) -> float:
        found = [one.value for one in report.checks if one.id == check_id]
        values = [value for value in found if value is not None]
        return statistics.median(values) if values else math.inf

    return verdict_rank(report), median("force_accuracy"), median("speed")
