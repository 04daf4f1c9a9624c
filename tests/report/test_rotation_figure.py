from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.surface.rotation_invariance import Record
from openmm_mlff.report.rotation_figure import rotation_figure
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.typed import to_tables

ANGLES = np.arange(0.0, 361.0, 5.0)


def turned(observations, *, amplitudes_ev, **arrays):
    """The energy of water as a cosine of the angle, of another size about each axis."""
    waves = np.outer(amplitudes_ev, 1.0 - np.cos(np.radians(ANGLES)))
    record = Record(
        energy_changes_ev=np.zeros((1, 1)),
        force_changes=np.zeros((1, 1, observations.system.n_atoms, 3)),
        refused=np.zeros((1, 1), dtype=bool),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
        scan_angles_degrees=ANGLES,
        scan_energy_changes_ev=waves,
    )
    data, found = to_tables(record)
    stored = Measurement("rotation_invariance", "done", data=data, arrays=found | arrays)
    return replace(observations, measurements={stored.name: stored}, condition=None)


@pytest.fixture
def rotation(make_result):
    """What the check says; its result carries the number of the forces."""
    return make_result(
        "rotation_invariance",
        status=Status.FAIL,
        value=400.0,
        unit="meV/Å",
        threshold=1.0,
        evidence={
            "measures": [
                {"unit": "meV/atom", "value": 20.0, "threshold": 0.1},
                {"unit": "meV/Å", "value": 400.0, "threshold": 1.0},
            ]
        },
    )


def test_the_energy_is_per_atom_and_the_band_is_what_is_allowed(
    make_observations, rotation, figures, tmp_path, png_inches
):
    observations = turned(make_observations(), amplitudes_ev=[0.0, 0.015, 0.03])
    record = rotation_figure(observations, path=tmp_path / "r.png", result=rotation)
    assert png_inches(record.path) == pytest.approx((3.4, 2.5), abs=0.01)
    (axes,) = figures[0].axes
    heights = [line.get_ydata().max() for line in axes.lines]
    # 2 × 0.015 eV over three atoms are 10 meV an atom.
    assert heights == pytest.approx([0.0, 10.0, 20.0])
    band = axes.patches[0].get_extents().transformed(axes.transData.inverted())
    assert (band.y0, band.y1) == pytest.approx((-0.1, 0.1))
    assert "spans 20 meV/atom" in record.caption
    assert "up to 20 meV/atom, limit 0.1 meV/atom (✘ FAIL)" in record.caption


def test_the_noise_of_a_healthy_model_stays_small(make_observations, rotation, figures, tmp_path):
    observations = turned(make_observations(), amplitudes_ev=[1e-9, 1e-9, 1e-9])
    rotation_figure(observations, path=tmp_path / "r.png", result=rotation)
    low, high = figures[0].axes[0].get_ylim()
    assert low < -0.1
    assert high > 0.1


def test_without_the_check_nothing_is_said_to_be_allowed(make_observations, figures, tmp_path):
    observations = turned(make_observations(), amplitudes_ev=[0.1, 0.1, 0.1])
    record = rotation_figure(observations, path=tmp_path / "r.png", result=None)
    assert not figures[0].axes[0].patches
    assert "limit" not in record.caption


@pytest.mark.parametrize(
    "arrays",
    [
        {"scan_energy_changes_ev": np.full((3, len(ANGLES)), np.nan)},
        {"scan_energy_changes_ev": np.zeros((3, 4))},
        {"scan_energy_changes_ev": np.zeros((2, len(ANGLES)))},
        {"scan_angles_degrees": np.zeros((0,))},
    ],
    ids=["nan", "shorter", "two axes", "empty"],
)
def test_a_scan_that_holds_nothing_is_not_drawn(make_observations, tmp_path, arrays):
    observations = turned(make_observations(), amplitudes_ev=[0.1, 0.1, 0.1], **arrays)
    assert rotation_figure(observations, path=tmp_path / "r.png", result=None) is None


def test_a_point_that_is_not_a_number_leaves_a_gap(make_observations, rotation, tmp_path):
    waves = np.zeros((3, len(ANGLES)))
    waves[1, 7] = np.nan
    observations = turned(
        make_observations(), amplitudes_ev=[0.1, 0.1, 0.1], scan_energy_changes_ev=waves
    )
    assert rotation_figure(observations, path=tmp_path / "r.png", result=rotation) is not None


def test_without_the_measurement_there_is_no_figure(make_observations, tmp_path):
    assert rotation_figure(make_observations(), path=tmp_path / "r.png", result=None) is None
