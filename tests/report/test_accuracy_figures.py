import numpy as np
import pytest

from openmm_mlff.report.accuracy_figures import torsion_figure, vibration_figure
from openmm_mlff.results import Status


@pytest.fixture
def vibrations(make_result):
    def make(own, reference):
        mae = {"unit": "cm⁻¹", "value": 5.0, "threshold": 50.0}
        imaginary = {"unit": "cm⁻¹", "value": 0.0, "threshold": 30.0}
        evidence = {
            "reference": "ase:xtb",
            "model_wavenumbers_per_cm": own,
            "reference_wavenumbers_per_cm": reference,
            "measures": [mae, imaginary],
        }
        return make_result("vibrations", value=5.0, unit="cm⁻¹", evidence=evidence)

    return make


def profile(bond, *, height=3.0, error=0.0, judged=True):
    if not judged:
        return {"bond": bond, "judged": False}
    angles = np.arange(70.0, 430.0, 15.0)
    shape = 0.5 * (1.0 - np.cos(np.radians(3.0 * angles)))
    return {
        "bond": bond,
        "judged": True,
        "angles_degrees": angles,
        "model_kcal_per_mol": (height + error) * shape,
        "reference_kcal_per_mol": height * shape,
        "barrier_model_kcal_per_mol": height + error,
        "barrier_reference_kcal_per_mol": height,
    }


@pytest.fixture
def torsions(make_result):
    def make(*profiles):
        evidence = {"reference": "ase:xtb", "profiles": list(profiles)}
        return make_result(
            "torsion_profile",
            status=Status.FAIL,
            value=1.5,
            unit="kcal/mol",
            threshold=1.0,
            evidence=evidence,
        )

    return make


def test_differences_stand_at_the_reference_s_frequencies(
    make_observations, vibrations, figures, tmp_path, png_inches
):
    result = vibrations([1595.0, 3650.0, 3770.0], [1600.0, 3660.0, 3770.0])
    record = vibration_figure(make_observations(), path=tmp_path / "v.png", result=result)
    assert png_inches(record.path) == pytest.approx((3.4, 2.4), abs=0.01)
    (axes,) = figures[0].axes
    x, y = axes.lines[-1].get_data()
    assert x.tolist() == [1600.0, 3660.0, 3770.0]
    assert y.tolist() == [-5.0, -10.0, 0.0]
    assert axes.get_ylim()[1] > 50.0
    assert "5 cm⁻¹ in the mean, 50 cm⁻¹ allowed (grey). Result: ✔ PASS." in record.caption


@pytest.mark.parametrize(
    ("own", "reference"), [([1.0, 2.0], [1.0]), ([], []), ([None, None], [1.0, 2.0])]
)
def test_frequencies_that_do_not_pair_are_not_drawn(
    make_observations, vibrations, tmp_path, own, reference
):
    result = vibrations(own, reference)
    assert vibration_figure(make_observations(), path=tmp_path / "v.png", result=result) is None


def test_each_bond_that_was_judged_has_a_panel(
    make_observations, torsions, figures, tmp_path, png_inches
):
    result = torsions(profile("C1–C2"), profile("C2–O3", error=1.5), profile("C3–C4", judged=False))
    record = torsion_figure(make_observations("ethanol"), path=tmp_path / "t.png", result=result)
    assert png_inches(record.path) == pytest.approx((3.4, 2.5), abs=0.01)
    panels = figures[0].axes
    assert [panel.get_title(loc="right") for panel in panels] == ["C1–C2", "C2–O3"]
    for panel in panels:
        angles = panel.lines[0].get_xdata()
        assert (np.diff(angles) > 0).all()
        assert angles.min() >= -180.0
    assert "C1–C2 3 against 3, C2–O3 4.5 against 3" in record.caption
    assert "error is 1.5 kcal/mol, limit 1 kcal/mol (✘ FAIL)" in record.caption


def test_without_results_there_are_no_figures(make_observations, torsions, make_result, tmp_path):
    nothing = torsions(profile("C1–C2", judged=False))
    path = tmp_path / "x.png"
    for result in (None, make_result("torsion_profile"), nothing):
        assert torsion_figure(make_observations(), path=path, result=result) is None
    for result in (None, make_result("vibrations")):
        assert vibration_figure(make_observations(), path=path, result=result) is None
