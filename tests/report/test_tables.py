import io

from rich.console import Console
from rich.text import Text

from openmm_mlff.report.tables import plain_table


def test_numbers_are_flush_right_and_words_of_heads_are_whole():
    table = plain_table("Title", heads=("Model", "Time\nms/step"), right_from=1)
    table.add_row(Text("tiny"), Text("1.5"))
    stream = io.StringIO()
    Console(file=stream, width=40).print(table)
    title, first, second, _, row = stream.getvalue().splitlines()
    assert title.split() == ["Title"]
    assert first.split() == ["Time"]
    assert second.split() == ["Model", "ms/step"]
    assert row.rstrip().endswith("    1.5")
