"""The report as one self-contained HTML page.

Each module prepares one part of the page as plain data; ``templates`` contains page, style and
scripts; ``page`` combines them.
"""
