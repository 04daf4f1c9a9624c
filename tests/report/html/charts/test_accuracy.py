import numpy as np
import pytest

from openmm_mlff.report.html.charts.accuracy import (
    MOST_COMPONENTS,
    force_chart,
    torsion_chart,
    vibration_chart,
)


def test_forces_are_drawn_by_element_about_the_line_of_equality(make_observations, make_result):
    observations = make_observations()
    result = make_result("force_accuracy", value=0.03, threshold=0.2, unit="eV/Å")
    chart = force_chart(observations, result=result)
    equal, hydrogen, oxygen = chart.traces
    assert equal["x"] == equal["y"]
    assert (hydrogen["name"], oxygen["name"]) == ("H", "O")
    assert len(hydrogen["x"]) == 2 * len(oxygen["x"]) == 2 * 20 * 3
    assert np.std(np.array(hydrogen["x"]) - hydrogen["y"]) == pytest.approx(0.03, rel=0.2)
    assert "RMSE 0.03 eV/Å, limit 0.2 eV/Å." in chart.caption
    assert "180 of 180 are drawn" in chart.caption


def test_of_very_many_forces_the_worst_are_always_drawn(make_observations, make_labels):
    reference = np.random.default_rng(1).normal(size=(2000, 3, 3))
    model = reference.copy()
    model[1234, 1, 2] += 7.0
    system = make_observations().system
    labels = make_labels(system, model_forces=model, reference_forces=reference)
    chart = force_chart(make_observations(measurements={labels.name: labels}), result=None)
    hydrogen = next(trace for trace in chart.traces if trace["name"] == "H")
    assert max(np.array(hydrogen["y"]) - hydrogen["x"]) == pytest.approx(7.0, rel=1e-4)
    assert sum(len(trace["x"]) for trace in chart.traces[1:]) <= MOST_COMPONENTS + 20


def test_frequencies_are_differences_from_the_reference(make_observations, make_result):
    evidence = {
        "model_wavenumbers_per_cm": [1010.0, 2020.0],
        "reference_wavenumbers_per_cm": [1000.0, 2050.0],
        "measures": [{"value": 20.0, "unit": "cm⁻¹", "threshold": 50.0}],
    }
    result = make_result("vibrations", evidence=evidence)
    chart = vibration_chart(make_observations(), result=result)
    assert chart.traces[1]["x"] == [1000.0, 2050.0]
    assert chart.traces[1]["y"] == [10.0, -30.0]
    assert chart.layout["shapes"][0]["y1"] == 50.0
    assert vibration_chart(make_observations(), result=None) is None


def test_each_bond_that_was_judged_has_two_curves(make_observations, make_result):
    profile = {
        "bond": "C1–C2",
        "judged": True,
        "angles_degrees": [190.0, 10.0, 100.0],
        "model_kcal_per_mol": [0.0, 1.0, 2.0],
        "reference_kcal_per_mol": [0.0, 1.5, 2.5],
    }
    evidence = {"profiles": [profile, profile | {"judged": False}]}
    result = make_result("torsion_profile", evidence=evidence)
    own, reference = torsion_chart(make_observations(), result=result).traces
    assert own["x"] == [-170.0, 10.0, 100.0]
    assert own["y"] == [0.0, 1.0, 2.0]
    assert reference["y"] == [0.0, 1.5, 2.5]
    assert torsion_chart(make_observations(), result=make_result()) is None
