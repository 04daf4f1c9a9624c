import pytest

from openmm_mlff.report.comparison_figure import comparison_figure
from openmm_mlff.results import Status


def bars(axes):
    return [
        [bar.get_height() for bar in container.patches]
        for container in axes.containers
        if hasattr(container, "patches")
    ]


def test_each_panel_shows_a_number_of_every_model_and_its_threshold(
    make_report, make_checks, figures, tmp_path, png_inches
):
    checks = make_checks()
    worse = [
        result.model_copy(update={"value": 0.25, "status": Status.FAIL})
        if result.id == "force_accuracy"
        else result
        for result in checks
    ]
    reports = [make_report(name="original"), make_report(name="tiny", checks=worse)]
    record = comparison_figure(reports, path=tmp_path / "c.png")
    assert png_inches(record.path) == pytest.approx((7.0, 2.6), abs=0.01)
    forces, drift, speed = figures[0].axes
    assert forces.get_ylabel() == "Force RMSE (eV/Å)"
    assert drift.get_ylabel() == "Energy drift (meV/atom/ps)"
    assert speed.get_ylabel() == "Time per step (ms/step)"
    assert bars(forces) == [[0.0345], [0.25]]
    assert [bar.get_hatch() for bar in forces.patches] == [None, "////"]
    assert 0.2 in [line.get_ydata()[0] for line in forces.lines]
    low, high = drift.collections[0].get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((0.0123 - 0.0045, 0.0123 + 0.0045))
    assert "(a) Force RMSE (largest allowed: 0.2 eV/Å)" in record.caption


def test_what_was_not_measured_is_named(make_report, make_result, figures, tmp_path):
    reports = [
        make_report(name="a", checks=[make_result("speed", value=1.0, unit="ms/step")]),
        make_report(name="b", checks=[make_result("speed", status=Status.ERROR, unit="ms/step")]),
    ]
    comparison_figure(reports, path=tmp_path / "c.png")
    (axes,) = figures[0].axes
    assert [text.get_text() for text in axes.texts] == ["error"]


def test_conditions_are_groups_of_their_own(make_report, make_result, condition, figures, tmp_path):
    hot = condition.as_dict() | {"temperature_kelvin": 500.0}
    checks = [
        make_result("speed", value=1.0, condition=condition.as_dict()),
        make_result("speed", value=2.0, condition=hot),
    ]
    comparison_figure([make_report(checks=checks)], path=tmp_path / "c.png")
    labels = [text.get_text() for text in figures[0].axes[0].get_xticklabels()]
    assert labels == ["water\nNVE, 300 K, 0.5 fs", "water\nNVE, 500 K, 0.5 fs"]


def test_without_numbers_there_is_no_figure(make_report, make_result, tmp_path):
    checks = [make_result("speed", status=Status.SKIPPED)]
    assert comparison_figure([make_report(checks=checks)], path=tmp_path / "c.png") is None
    assert not list(tmp_path.iterdir())
