import pytest
from rich.text import Text

from openmm_mlff.report.terminal import plain_table, render_comparison, render_report
from openmm_mlff.results import Status, VerdictStatus

BROKEN = (
    "On water at 300 K, 0.5 fs, the bond [O1–H2] tore after 3.21 ps of 10 ps: it is 2.4 Å long, "
    "2.5 times its length at the start, and |F| is 130 eV/Å."
)


@pytest.fixture(scope="module")
def broken_report(make_report, make_result):
    """A rejected report with every status and a long message."""
    parity = {"group": "parity", "value": 2.1e-6, "unit": "eV/Å", "threshold": 1e-4}
    stability = {"value": 3.21, "unit": "ps", "threshold": 10.0, "message": BROKEN}
    checks = [
        make_result("export_parity", **parity),
        make_result("stability", status=Status.FAIL, **stability),
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


@pytest.mark.parametrize("width", [80, 140])
def test_model_verdict_and_every_check_are_printed(printed, broken_report, width):
    text = printed(render_report, broken_report, width=width, report_path="runs/x/report.md")
    assert "\x1b" not in text
    row = next(line.split() for line in text.splitlines() if "✘ FAIL" in line)
    numbers = [word for word in row if word not in ("✘", "FAIL", "stability")]
    assert numbers[:3] == ["3.21", "10", "ps"]
    words = " ".join(text.split())
    for part in (
        "student:tiny",
        "77,001",
        "0123456789ab ",
        "VERDICT: REJECTED",
        "• stability on water: 3.21 ps, 10 ps are needed.",
        "• Molecules fall apart.",
        "Use it for small molecules.",
        "Run the extended protocol.",
        "temperature 300 K",
        "platform Reference, mixed precision",
        "Report: runs/x/report.md",
        "[O1–H2]",
        "130 eV/Å.",
        "✔ PASS",
        "? INCONCLUSIVE",
        "! ERROR",
        "– SKIPPED",
        "memory†",
        "2.1e-6",
        "✔ 2 pass",
    ):
        assert part in words
    groups = ("parity", "dynamics", "accuracy", "performance")
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if line in groups] == list(groups)


def test_a_path_is_never_wrapped_and_statuses_are_coloured_on_a_terminal(
    printed, make_report, broken_report
):
    path = "runs/" + "long/" * 40 + "report.md"
    text = printed(render_report, make_report(checks=[]), width=80, fits=False, report_path=path)
    assert f"Report: {path}\n" in text
    assert "nothing was checked" in text
    colour = {"force_terminal": True, "color_system": "standard"}
    text = printed(render_report, broken_report, terminal=colour, fits=False, report_path="x")
    assert "\x1b[1;31m ✘ FAIL" in text
    assert "\x1b[33m ? INCONCLUSIVE" in text


@pytest.mark.parametrize("width", [80, 140])
def test_models_are_compared_side_by_side(printed, make_report, make_checks, width):
    worse = [
        result.model_copy(update={"status": Status.FAIL, "value": 9.9}) for result in make_checks()
    ]
    tiny = make_report(name="ultra-tiny", status=VerdictStatus.REJECTED, checks=worse)
    text = printed(render_comparison, [make_report(name="original"), tiny], width=width)
    lines = [line.split() for line in text.splitlines()]
    verdicts = {line[0]: line[2] for line in lines if line[1:2] == ["77,001"]}
    assert verdicts == {"original": "APPROVED", "ultra-tiny": "REJECTED"}
    assert "water (NVE, 300 K, 0.5 fs)" in text
    assert ["original", "✔", "10", "✔", "0.0123", "✔", "0.0345", "✔", "1.5", "✔", "1.84"] in lines
    assert ["ultra-tiny", *["✘", "9.9"] * 5] in lines


def test_numbers_are_right_aligned_and_words_of_headers_are_not_broken(printed):
    table = plain_table("Title", heads=("Model", "Time\nms/step"), right_from=1)
    table.add_row(Text("tiny"), Text("1.5"))
    text = printed(lambda console: console.print(table), width=40)
    title, first, second, _, row = text.splitlines()
    assert [line.split() for line in (title, first)] == [["Title"], ["Time"]]
    assert second.split() == ["Model", "ms/step"]
    assert row.rstrip().endswith("    1.5")
