"""The look that the terminal's tables share."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text


def plain_table(title: str, *, heads: Sequence[str], right_from: int | None = None) -> Table:
    """Make an empty table without a frame.

    Args:
        title: above it.
        heads: of its columns.
        right_from: columns from this position on hold numbers and are set flush right.

    Returns:
        The table.
    """
    table = Table(
        title=Text(title, style="bold blue"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="dim",
    )
    for position, head in enumerate(heads):
        numeric = right_from is not None and position >= right_from
        table.add_column(
            Text(head),
            justify="right" if numeric else "left",
            no_wrap=position == 0,
            overflow="fold",
            # No word of a head is broken.
            min_width=max((len(word) for word in head.split()), default=0),
        )
    return table
