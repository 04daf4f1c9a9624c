import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from openmm_mlff.report.benchmark_sections import STAGES_TITLE, further_tables, render_ratios


@pytest.fixture
def compared(make_benchmark):
    """Two models on two systems, with ratios."""
    return make_benchmark(
        backend="torchforce",
        fastest=True,
        threads=2,
        threads_chosen=True,
        first_call_s=0.75,
        ratios={
            "step_over_model": {"median": 1.1, "low": 1.0, "high": 1.2},
            "reporters_over_model": {"median": 1.3, "low": 1.2, "high": 1.4},
            "plain_over_step": {"median": 2.0, "low": 1.9, "high": 2.1},
        },
    )


def sections(benchmark):
    return {title: (heads, rows) for title, heads, rows in further_tables(benchmark)}


def test_ratios_say_backend_platform_and_threads(compared):
    (title,) = sections(compared)
    assert title.startswith("Ratios")
    heads, rows = sections(compared)[title]
    assert heads[4:] == [
        "Step / model alone",
        "With reporters / model alone",
        "Faster than plain export",
    ]
    assert rows[0] == [
        "water",
        "student:original",
        "torchforce*",
        "Reference, threads 2 (measured)",
        "1.1 (1–1.2)",
        "1.3 (1.2–1.4)",
        "2 (1.9–2.1)",
    ]
    compared["entries"][1].update(fastest=False, threads_chosen=False)
    assert sections(compared)[title][1][1][2:4] == ["torchforce", "Reference, threads 2"]


def test_a_benchmark_without_more_has_no_more_tables(make_benchmark):
    assert further_tables(make_benchmark()) == []
    stream = io.StringIO()
    render_ratios(make_benchmark(), console=Console(file=stream))
    assert stream.getvalue() == ""


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_shows_ratios_and_first_calls(compared, width):
    stream = io.StringIO()
    render_ratios(compared, console=Console(file=stream, width=width))
    text = stream.getvalue()
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "1.3" in text
    assert "0.75" in text
    assert "water, tiny" in text
    assert "1.2–1.4" in text
    lines = [line.split() for line in text.splitlines()]
    assert lines.count(["torchforce*", "1.1", "1.3", "2", "0.75"]) == 4


def test_peers_say_their_time_or_why_there_is_none():
    spread = {"median": 2.0, "p25": 1.5, "p75": 3.25}
    peer = {"peer": "ase:a:B", "system": "water", "n_atoms": 3, "call": "forces"}
    found = {
        "peers": [
            {**peer, "ms_per_call": spread, "skipped": ""},
            {**peer, "peer": "torch-sim", "ms_per_call": None, "skipped": "not installed"},
        ]
    }
    _, rows = sections(found)["Peers"]
    assert rows == [
        ["water", "ase:a:B", "forces", "2 (1.5–3.25)"],
        ["water", "torch-sim", "forces", "not installed"],
    ]


def test_scaling_shows_its_points():
    one = {"model": "m", "backend": "b", "platform": "CPU", "exponent": 1.25}
    found = {"scaling": [{**one, "n_atoms": [3, 12], "ms_per_step": [1.0, 4.5]}]}
    _, rows = sections(found)["Scaling with atoms"]
    assert rows == [["m", "b", "CPU", "3: 1, 12: 4.5", "1.2"]]


def test_profiles_have_stages_with_shares_and_operators():
    stages = {"model": 3.0, "integration": 0.5, "marshalling": 0.5, "reporters": 0.25}
    operator = {
        "name": "aten::mm",
        "calls_per_step": 19.0,
        "self_cpu_us_per_step": 631.0,
        "share": 0.25,
    }
    one = {"model": "m", "backend": "b", "system": "water", "platform": "CPU", "steps": 20}
    more = {"operator_calls_per_step": 1576.0, "operators": [operator], "stages": stages}
    found = sections({"profiles": [one | more]})
    _, rows = found[STAGES_TITLE]
    assert rows == [["water", "m", "b", "3 (75 %)", "0.5 (12 %)", "0.5 (12 %)", "0.25", "1576"]]
    _, rows = found["Operators: m by b on water, CPU"]
    assert rows == [["aten::mm", "19", "631", "25.0 %"]]


def test_what_could_not_be_measured_says_why():
    one = {"model": "m", "backend": "python-compiled", "system": "box", "reason": "pairs change"}
    _, rows = sections({"skipped": [one]})["What could not be measured"]
    assert rows == [["box", "m", "python-compiled", "pairs change"]]
