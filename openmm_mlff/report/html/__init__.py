"""The report as one self-contained HTML page.

Each module prepares one part of the page as plain data; ``templates`` contains page, style and
scripts; ``page`` combines them.
"""

from openmm_mlff.report.html.page import report_html, write_html

__all__ = ["report_html", "write_html"]
