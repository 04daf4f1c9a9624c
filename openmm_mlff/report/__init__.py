"""What people read: figures, the page, Markdown, terminal output, comparisons, benchmark tables.

Everything here shows the numbers and the verdict of a report, and judges nothing. It may import the
checks and the storage below them; only `drawing` and `figure_files` import matplotlib.
"""
