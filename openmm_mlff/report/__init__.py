"""What a person reads: figures, terminal dashboard, Markdown, comparison, benchmark tables.

Everything here shows the report's own numbers and its one verdict; nothing decides anything.
"""

from openmm_mlff.report.benchmark_figures import write_benchmark_figures
from openmm_mlff.report.benchmark_tables import benchmark_markdown, render_benchmark
from openmm_mlff.report.canvas import FigureRecord
from openmm_mlff.report.comparison import compare, comparison_markdown, write_comparison
from openmm_mlff.report.figures import write_figures
from openmm_mlff.report.markdown import report_markdown, write_markdown
from openmm_mlff.report.terminal import render_comparison, render_report
from openmm_mlff.report.writer import write_report

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
