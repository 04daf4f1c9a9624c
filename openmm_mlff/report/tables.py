"""Common style of tables in the terminal."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text


def plain_table(title: str, *, heads: Sequence[str], right_from: int | None = None) -> Table:
    """Return an empty table without a frame; columns from ``right_from`` are right-aligned."""
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
            # Words of a header are not broken.
            min_width=max((len(word) for word in head.split()), default=0),
        )
    return table
