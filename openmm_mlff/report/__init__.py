"""Human-readable output: figures, terminal dashboard, Markdown, comparisons, benchmark tables.

Everything here displays the numbers and the verdict of a report; nothing is judged here. Names are
imported on first use, so that the terminal output does not import matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openmm_mlff.report.benchmark_plots import write_benchmark_figures
    from openmm_mlff.report.benchmark_tables import benchmark_markdown, render_benchmark
    from openmm_mlff.report.comparison import compare, comparison_markdown, write_comparison
    from openmm_mlff.report.figures import FigureRecord, write_figures
    from openmm_mlff.report.markdown import report_markdown, write_markdown
    from openmm_mlff.report.terminal import render_comparison, render_report
    from openmm_mlff.report.writer import write_report

_HOME = {
    "FigureRecord": "figures",
    "benchmark_markdown": "benchmark_tables",
    "compare": "comparison",
    "comparison_markdown": "comparison",
    "render_benchmark": "benchmark_tables",
    "render_comparison": "terminal",
    "render_report": "terminal",
    "report_markdown": "markdown",
    "write_benchmark_figures": "benchmark_plots",
    "write_comparison": "comparison",
    "write_figures": "figures",
    "write_markdown": "markdown",
    "write_report": "writer",
}

__all__ = [
    "FigureRecord",
    "benchmark_markdown",
    "compare",
    "comparison_markdown",
    "render_benchmark",
    "render_comparison",
    "render_report",
    "report_markdown",
    "write_benchmark_figures",
    "write_comparison",
    "write_figures",
    "write_markdown",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Import a name on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'openmm_mlff.report' has no attribute {name!r}")
    return getattr(import_module(f"openmm_mlff.report.{_HOME[name]}"), name)
