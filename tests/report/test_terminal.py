import pytest

from openmm_mlff.report.terminal import render_comparison, render_report
from openmm_mlff.results import Status, VerdictStatus


def test_groups_are_in_order_paths_never_wrapped_and_statuses_coloured(
    printed, make_report, make_result
):
    groups = ("parity", "surface", "dynamics", "accuracy", "performance")
    checks = [make_result(f"of_{group}", group=group) for group in reversed(groups)]
    checks.append(make_result(status=Status.FAIL))
    path = "runs/" + "long/" * 40 + "report.md"
    options = {"width": 80, "fits": False, "report_path": path}
    text = printed(render_report, make_report(checks=checks), **options)
    assert f"Report: {path}\n" in text
    assert "\x1b" not in text
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if line in groups] == list(groups)
    colour = {"force_terminal": True, "color_system": "standard"}
    text = printed(render_report, make_report(checks=checks), terminal=colour, **options)
    assert "\x1b[1;31m ✘ FAIL" in text


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
