"""Streams that can be cut back, and those that lack rows.  See also test_run_directory.py."""

import pytest

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.streams import CsvStream, check_csv, read_csv

COLUMNS = ("step", "value")


@pytest.fixture
def stream(tmp_path):
    rows = CsvStream(tmp_path / "s.csv", COLUMNS)
    for step in range(0, 60, 10):
        rows.append([step, 0.1 * step])
    rows.sync()
    rows.close()
    return tmp_path / "s.csv"


def test_rows_up_to_a_state_are_whole(stream):
    check_csv(stream, COLUMNS, last_step=50, interval=10)
    check_csv(stream, COLUMNS, last_step=37, interval=10)


@pytest.mark.parametrize(
    "damaged",
    [
        lambda text: text[:-3],
        lambda text: text.replace("20,2.0\n", ""),
        lambda text: text + "50,5.0\n",
        lambda text: text[: text.index("0,")],
    ],
)
def test_a_row_that_is_missing_torn_or_doubled_is_told(stream, damaged):
    stream.write_text(damaged(stream.read_text()))
    with pytest.raises(RunDirectoryError, match=r"rows up to step 50, expected 6"):
        check_csv(stream, COLUMNS, last_step=50, interval=10)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(RunDirectoryError, match=r"cannot read .*delete its folder"):
        check_csv(tmp_path / "none.csv", COLUMNS, last_step=0, interval=10)


def test_a_torn_last_row_is_dropped_when_resumed(stream):
    stream.write_text(stream.read_text()[:-1])
    CsvStream(stream, COLUMNS, resume_after_step=50).close()
    assert read_csv(stream, COLUMNS)[:, 0].tolist() == [0, 10, 20, 30, 40]
