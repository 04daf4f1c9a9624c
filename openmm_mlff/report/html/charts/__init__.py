"""Interactive charts as plain data; the page's own script gives them their colours."""

from openmm_mlff.report.html.charts.model import Chart
from openmm_mlff.report.html.charts.table import draw_charts

__all__ = ["Chart", "draw_charts"]
