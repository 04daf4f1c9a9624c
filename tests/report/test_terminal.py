import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from openmm_mlff.report.terminal import plain_table, render_comparison, render_report
from openmm_mlff.results import Status, VerdictStatus


@pytest.fixture
def printed():
    """What a renderer prints into a pipe of some width, or in colour."""

    def call(render, *args, width=100, colour=False, **options):
        stream = io.StringIO()
        colours = {"color_system": "standard"} if colour else {}
        console = Console(file=stream, width=width, force_terminal=colour, **colours)
        render(*args, console=console, **options)
        return stream.getvalue()

    return call


@pytest.fixture
def broken_report(make_report, make_result):
    """A rejected report with every status and a long message."""
    checks = [
        make_result("export_parity", group="parity", value=2.1e-6, unit="eV/Å", threshold=1e-4),
        make_result(
            "stability",
            status=Status.FAIL,
            value=3.21,
            unit="ps",
            threshold=10.0,
            message="On water at 300 K, 0.5 fs, the bond [O1–H2] tore after 3.21 ps of 10 ps: it "
            "is 2.4 Å long, 2.5 times its length at the start, and |F| is 130 eV/Å.",
        ),
        make_result("energy_drift", status=Status.INCONCLUSIVE, unit="meV/atom/ps"),
        make_result("geometry_accuracy", group="accuracy", status=Status.ERROR),
        make_result("force_accuracy", group="accuracy", status=Status.SKIPPED),
        make_result("memory", group="performance", value=812.3, unit="MiB", required=False),
    ]
    return make_report(
        status=VerdictStatus.REJECTED,
        checks=checks,
        reasons=("stability on water: 3.21 ps, 10 ps are needed.",),
        failure_modes=("Molecules fall apart.",),
    )


@pytest.mark.parametrize("width", [80, 100, 140])
def test_nothing_is_wider_than_the_terminal_and_a_pipe_has_no_colour(printed, broken_report, width):
    text = printed(render_report, broken_report, width=width, report_path="runs/x/report.md")
    assert "\x1b" not in text
    assert max(cell_len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", [80, 100, 140])
def test_status_value_limit_unit_and_message_of_every_check_are_printed(
    printed, broken_report, width
):
    text = printed(render_report, broken_report, width=width, report_path="x")
    row = next(line.split() for line in text.splitlines() if "✘ FAIL" in line)
    numbers = [word for word in row if word not in ("✘", "FAIL", "stability")]
    assert numbers[:3] == ["3.21", "10", "ps"]
    words = " ".join(text.split())
    assert "[O1–H2]" in words
    assert "130 eV/Å." in words
    for status in ("✔ PASS", "? INCONCLUSIVE", "! ERROR", "– SKIPPED", "memory†", "2.1e-6"):
        assert status in text
    assert "✔ 2 pass" in text


@pytest.mark.parametrize("width", [100, 140])
def test_groups_stand_in_their_order(printed, make_report, make_result, width):
    groups = ["parity", "surface", "dynamics", "accuracy", "performance"]
    checks = [make_result(f"of_{group}", group=group) for group in reversed(groups)]
    report = make_report(checks=checks)
    lines = printed(render_report, report, width=width, report_path="x").splitlines()
    assert [line.strip() for line in lines if line.strip() in groups] == groups


def test_header_and_verdict_say_all(printed, broken_report):
    text = printed(render_report, broken_report, report_path="runs/x/report.md")
    for words in (
        "student:tiny",
        "77,001",
        "0123456789ab",
        "VERDICT: REJECTED",
        "• stability on water: 3.21 ps, 10 ps are needed.",
        "• Molecules fall apart.",
        "Use it for small molecules.",
        "Run the extended protocol.",
        "temperature 300 K",
        "platform Reference, mixed precision",
        "Report: runs/x/report.md",
    ):
        assert words in text
    assert "0123456789abc" not in text


def test_the_path_is_never_broken_over_lines(printed, make_report):
    path = "runs/" + "long/" * 40 + "report.md"
    assert f"Report: {path}\n" in printed(render_report, make_report(), width=80, report_path=path)


def test_statuses_are_coloured_on_a_terminal(printed, broken_report):
    text = printed(render_report, broken_report, colour=True, report_path="x")
    assert "\x1b[1;31m ✘ FAIL" in text
    assert "\x1b[33m ? INCONCLUSIVE" in text


def test_a_report_without_results_is_printed(printed, make_report):
    text = printed(render_report, make_report(checks=[]), report_path="x")
    assert "nothing was checked" in text


@pytest.mark.parametrize("width", [80, 140])
def test_models_are_compared_side_by_side(printed, make_report, make_checks, width):
    worse = [
        result.model_copy(update={"status": Status.FAIL, "value": 9.9}) for result in make_checks()
    ]
    reports = [
        make_report(name="original"),
        make_report(name="ultra-tiny", status=VerdictStatus.REJECTED, checks=worse),
    ]
    text = printed(render_comparison, reports, width=width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    lines = [line.split() for line in text.splitlines()]
    verdicts = {line[0]: line[2] for line in lines if line[1:2] == ["77,001"]}
    assert verdicts == {"original": "APPROVED", "ultra-tiny": "REJECTED"}
    assert "water (NVE, 300 K, 0.5 fs)" in text
    assert ["original", "✔", "10", "✔", "0.0123", "✔", "0.0345", "✔", "1.5", "✔", "1.84"] in lines
    assert ["ultra-tiny", *["✘", "9.9"] * 5] in lines


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
