"""CSV streams lose nothing that was written, can be truncated to a step, and are checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.streams import CsvStream, check_csv, read_csv

COLUMNS = ("step", "value")


def fill(path, steps, **options):
    stream = CsvStream(path, COLUMNS, **options)
    for step in steps:
        stream.append([step, 0.1 * step])
    stream.sync()
    stream.close()
    return path


@pytest.fixture
def stream(tmp_path):
    return fill(tmp_path / "s.csv", range(0, 60, 10))


def test_rows_are_there_before_the_stream_is_closed(tmp_path):
    path = tmp_path / "s.csv"
    assert read_csv(path, COLUMNS).shape == (0, 2)
    stream = CsvStream(path, COLUMNS)
    stream.append([1, 0.1])
    assert read_csv(path, COLUMNS).tolist() == [[1.0, 0.1]]
    stream.close()


@given(last=st.integers(0, 12))
def test_a_resumed_stream_equals_one_that_was_never_stopped(tmp_path_factory, last):
    folder = tmp_path_factory.mktemp("stream")
    whole = fill(folder / "whole.csv", range(10))
    parts = fill(folder / "parts.csv", range(10))
    fill(parts, range(min(last, 9) + 1, 10), resume_after_step=last)
    assert parts.read_bytes() == whole.read_bytes()


def test_a_torn_last_row_is_dropped_when_read_and_resumed(stream):
    stream.write_text(stream.read_text()[:-1])
    assert read_csv(stream, COLUMNS)[:, 0].tolist() == [0, 10, 20, 30, 40]
    CsvStream(stream, COLUMNS, resume_after_step=50).close()
    assert read_csv(stream, COLUMNS)[:, 0].tolist() == [0, 10, 20, 30, 40]


def test_a_stream_with_other_columns_is_not_resumed(stream):
    with pytest.raises(RunDirectoryError, match="the expected columns"):
        CsvStream(stream, ("step", "other"), resume_after_step=1)


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
