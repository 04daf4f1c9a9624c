from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.surface.short_range_repulsion import CHECK, Record
from openmm_mlff.config import load_protocol
from openmm_mlff.report.wall_figure import wall_figure
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.typed import to_tables

DISTANCES = np.arange(0.3, 0.97, 0.01)


def pushed(evidence, **curves):
    count = len(curves)
    record = Record(
        pairs=tuple(name.replace("_", "–") for name in curves),
        covalent_sums_angstrom=np.full(count, 0.9),
        pair=np.repeat(np.arange(count), len(DISTANCES)),
        distances_angstrom=np.tile(DISTANCES, count),
        energies_ev=np.concatenate([*curves.values(), []]),
        refused=np.zeros(count * len(DISTANCES), dtype=bool),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
    )
    data, arrays = to_tables(record)
    measurement = Measurement("short_range_repulsion", "done", data=data, arrays=arrays)
    return replace(evidence, measurements={"short_range_repulsion": measurement}, condition=None)


def wall():
    """A Coulomb wall: 48 eV at 0.3 Å, 14.9 eV at contact."""
    return 14.4 / DISTANCES


def hole():
    """The same wall, cut off and turned down inside 0.5 Å."""
    return np.where(DISTANCES < 0.5, 28.8 - 100.0 * (0.5 - DISTANCES), wall())


def judged(evidence):
    record = evidence.measurements["short_range_repulsion"].record(Record)
    limits = load_protocol("standard").limits_for("short_range_repulsion")
    return CHECK.result(CHECK.judge(record, limits), system="water")


def test_a_wall_is_drawn_above_its_lowest_point(make_observations, figures, tmp_path, png_inches):
    observations = pushed(make_observations(), O_H=wall(), O_O=2.0 * wall())
    result = judged(observations)
    record = wall_figure(observations, path=tmp_path / "w.png", result=result)
    assert png_inches(record.path) == pytest.approx((3.4, 2.8), abs=0.01)
    (axes,) = figures[0].axes
    assert axes.lines[0].get_ydata()[0] == pytest.approx(14.4 / 0.3 - 14.4 / DISTANCES[-1])
    assert axes.lines[0].get_ydata().min() == 0.0
    assert not axes.collections
    assert "The lowest wall is that of O–H: 33" in record.caption
    assert "(5 eV are needed)" in record.caption
    assert "No pair has a hole." in record.caption
    assert "✔ PASS" in record.caption


def test_a_hole_and_a_wall_too_low_are_marked(make_observations, figures, tmp_path):
    observations = pushed(make_observations(), O_H=hole(), H_H=0.01 * wall())
    record = wall_figure(observations, path=tmp_path / "w.png", result=judged(observations))
    too_low, holes = figures[0].axes[0].collections
    assert too_low.get_offsets()[:, 0].tolist() == pytest.approx([0.3])
    assert holes.get_offsets()[0].tolist() == pytest.approx([0.3, 8.8 - 14.4 / DISTANCES[-1]])
    # From 28.8 eV down to 8.8 eV, and below what it has outside.
    assert "O–H at 0.30 Å (20 eV)" in record.caption
    assert "✘ FAIL" in record.caption


def test_energies_that_are_no_numbers_leave_gaps(make_observations, tmp_path):
    energies = wall()
    energies[3] = np.nan
    observations = pushed(make_observations(), O_H=energies)
    assert wall_figure(observations, path=tmp_path / "w.png", result=None) is not None


def test_without_a_curve_there_is_no_figure(make_observations, tmp_path):
    lost = pushed(make_observations(), O_H=np.full(len(DISTANCES), np.nan))
    empty = pushed(make_observations())
    damaged = replace(
        empty, measurements={"short_range_repulsion": Measurement("short_range_repulsion", "done")}
    )
    for observations in (make_observations(), lost, damaged, empty):
        assert wall_figure(observations, path=tmp_path / "w.png", result=None) is None
