"""What a person reads: figures, terminal dashboard, Markdown, comparison, benchmark tables.

Everything here shows the report's own numbers and its one verdict; nothing decides anything.
Names load when they are first used: the terminal needs no matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openmm_mlff.report.benchmark_figures import write_benchmark_figures
    from openmm_mlff.report.benchmark_tables import benchmark_markdown, render_benchmark
    from openmm_mlff.report.canvas import FigureRecord
    from openmm_mlff.report.comparison import compare, comparison_markdown, write_comparison
    from openmm_mlff.report.figures import write_figures
    from openmm_mlff.report.markdown import report_markdown, write_markdown
    from openmm_mlff.report.terminal import render_comparison, render_report
    from openmm_mlff.report.writer import write_report

_HOME = {
    "FigureRecord": "canvas",
    "benchmark_markdown": "benchmark_tables",
    "compare": "comparison",
    "comparison_markdown": "comparison",
    "render_benchmark": "benchmark_tables",
    "render_comparison": "terminal",
    "render_report": "terminal",
    "report_markdown": "markdown",
    "write_benchmark_figures": "benchmark_figures",
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
    """Load a name on first use (PEP 562).

    Returns:
        What it stands for.

    Raises:
        AttributeError: there is no such name.
    """
    if name not in _HOME:
        raise AttributeError(f"module 'openmm_mlff.report' has no attribute {name!r}")
    return getattr(import_module(f"openmm_mlff.report.{_HOME[name]}"), name)
