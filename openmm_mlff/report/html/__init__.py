"""The report as one self-contained HTML page.

Each part of the page is prepared by a file of its own, as plain data; ``templates`` holds the
page, its style and its scripts; ``page`` puts them together.
"""

from openmm_mlff.report.html.page import report_html, write_html

__all__ = ["report_html", "write_html"]
