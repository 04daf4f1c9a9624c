"""Lines of rooms are counted, and printed beside what they should not exceed."""

import count_lines
import pytest


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    sizes = {
        "openmm_mlff/units.py": 5,
        "openmm_mlff/report/page.py": 40,
        "openmm_mlff/report/html/charts.py": 20,
        "openmm_mlff/simulation/nve.py": 7,
        "openmm_mlff/reporters/base.py": 3,
        "openmm_mlff/unnamed/new.py": 2,
        "tests/test_units.py": 9,
    }
    for name, size in sizes.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n" * size)
    monkeypatch.chdir(tmp_path)
    count_lines.main()
    return [" ".join(row.split()) for row in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    "row",
    [
        "report 60 2 40 5,000",
        "simulation + reporters 10 2 7 3,400",
        "reporters 3 1 3",
        "(root files) + storage + doctor 5 1 5 2,000",
        "unnamed 2 1 2",
        "openmm_mlff 77 6 40 32,000 in 230 files",
        "tests 9 1 9 26,000",
    ],
)
def test_a_row_has_lines_files_the_longest_file_and_the_limit(printed, row):
    assert row in printed
