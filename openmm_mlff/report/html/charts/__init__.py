"""Interactive charts as plain data; the script of the page sets their colours."""

from openmm_mlff.report.html.charts.model import Chart
from openmm_mlff.report.html.charts.table import draw_charts

__all__ = ["Chart", "draw_charts"]
