"""Charts of checks that describe their plots as data."""

from typing import Any

from openmm_mlff.report.check_plots import FEW_POINTS, CheckPlot
from openmm_mlff.report.html.charts.model import DASHES, Chart, axes, level, line, palette, plain
from openmm_mlff.report.wording import number
from openmm_mlff.results import CheckResult
from openmm_mlff.storage.runs import Evidence


def check_plot_chart(drawn: CheckPlot, evidence: Evidence, *, result: CheckResult | None) -> Chart:
    """Draw one plot of a check; data and limit come from the plot itself."""
    plot = drawn.plot
    traces = tuple(
        line(x, y, name=name, colour=palette(k), dashes=DASHES[k % len(DASHES)])
        | {"mode": "lines+markers" if len(x) <= FEW_POINTS else "lines"}
        for k, (name, (x, y)) in enumerate(plot.series.items())
    )
    layout = axes(plain(plot.x_label), plain(plot.y_label))
    if plot.limit is not None:
        layout |= {
            "shapes": [level(plot.limit, colour="@bad", dashes="dash")],
            "annotations": [_limit_words(plot.limit)],
        }
    return Chart(
        kind=drawn.kind,
        title=plot.title,
        traces=traces,
        layout=layout,
    )


def _limit_words(limit: float) -> dict[str, Any]:
    """Label the limit at its right end."""
    return {
        "xref": "paper",
        "x": 1,
        "xanchor": "right",
        "y": limit,
        "yanchor": "bottom",
        "text": f"limit: {number(limit)}",
        "showarrow": False,
        "font": {"color": "@bad"},
    }
