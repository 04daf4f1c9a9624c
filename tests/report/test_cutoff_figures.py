from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.surface.cutoff_continuity import CHECK, Record
from openmm_mlff.checks.surface.jumps import Jump
from openmm_mlff.config import load_protocol
from openmm_mlff.report.cutoff_figures import pair_figure, scan_figure
from openmm_mlff.report.cutoff_scans import read_scans
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.typed import to_tables

STEP = np.arange(1.0, 8.0, 0.01)


def curve(jump_ev, *, at=5.0):
    """An energy that dies out smoothly, and below the cutoff lies lower by the jump."""
    return -0.5 * np.exp(-2.0 * (STEP - 1.0)) - np.where(at > STEP, jump_ev, 0.0)


def scanned(evidence, scans, *, jumps=()):
    """Scans as (name, kind, energies), jumps as (scan, coordinate, size in eV, pair)."""
    record = Record(
        names=tuple(name for name, _, _ in scans),
        kinds=tuple(kind for _, kind, _ in scans),
        scan=np.repeat(np.arange(len(scans)), len(STEP)),
        coordinate=np.tile(STEP, len(scans)),
        energies_ev=np.concatenate([energies for _, _, energies in scans]),
        force_norm=np.zeros(len(scans) * len(STEP)),
        refused=np.zeros(len(scans) * len(STEP), dtype=bool),
        jumps=tuple(
            Jump(*scans[k][:2], coordinate, 1e3 * size_ev, 0.0, coordinate, pair)
            for k, coordinate, size_ev, pair in sorted(jumps, key=lambda jump: -jump[2])
        ),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
    )
    data, arrays = to_tables(record)
    measurement = Measurement("cutoff_continuity", "done", data=data, arrays=arrays)
    return replace(evidence, measurements={"cutoff_continuity": measurement}, condition=None)


def judged(evidence):
    record = evidence.measurements["cutoff_continuity"].record(Record)
    limits = load_protocol("standard").limits_for("cutoff_continuity")
    return CHECK.result(CHECK.judge(record, limits), system="water")


@pytest.fixture
def jumping(make_observations):
    """Two pairs that jump, by 0.3 and 0.1 eV, one that does not, and a dimer that does."""
    scans = [
        ("two copies, direction 1", "dimer", curve(0.02)),
        ("H–H", "pair", curve(0.3)),
        ("O–H", "pair", curve(0.1)),
        ("O–O", "pair", curve(0.0)),
    ]
    jumps = [
        (0, 5.0, 0.02, "O–H"),
        (1, 5.0, 0.3, "H–H"),
        (2, 5.0, 0.1, "O–H"),
        (3, 2.0, 1e-5, "O–O"),
    ]
    return scanned(make_observations(), scans, jumps=jumps)


@pytest.fixture
def smooth(make_observations):
    scans = [("two copies, direction 1", "dimer", curve(0.0)), ("O–H", "pair", curve(0.0))]
    return scanned(make_observations(), scans)


def test_each_pair_has_a_panel_around_its_jump_with_the_size(
    jumping, figures, tmp_path, png_inches
):
    record = pair_figure(jumping, path=tmp_path / "p.png", result=judged(jumping))
    assert png_inches(record.path) == pytest.approx((7.0, 2.2), abs=0.01)
    panels = figures[0].axes
    assert [panel.get_title(loc="right") for panel in panels] == ["H–H", "O–H", "O–O"]
    assert [[text.get_text() for text in panel.texts] for panel in panels] == [
        ["300 meV"],
        ["100 meV"],
        [],
    ]
    assert panels[2].get_title(loc="left") == "no jump"
    for panel in panels:
        assert panel.get_xlim() == pytest.approx((4.0, 6.0))
    assert "H–H 300, O–H 100" in record.caption


def test_no_line_bridges_a_jump(jumping, figures, tmp_path):
    pair_figure(jumping, path=tmp_path / "p.png", result=judged(jumping))
    line, mark = figures[0].axes[0].lines
    x, y = line.get_data()
    assert np.isnan(y).sum() == 1
    assert x[np.isnan(y)] == pytest.approx([5.0])
    assert np.ptp(mark.get_ydata()) == pytest.approx(300.0, abs=1.0)


def test_smooth_pairs_share_one_panel_and_are_shown_whole(smooth, figures, tmp_path, png_inches):
    record = pair_figure(smooth, path=tmp_path / "p.png", result=judged(smooth))
    assert png_inches(record.path) == pytest.approx((3.4, 2.8), abs=0.01)
    (axes,) = figures[0].axes
    assert axes.lines[0].get_ydata()[0] == pytest.approx(-0.5, abs=1e-5)
    assert not axes.texts
    assert "no pair jumps by more than 1 meV" in record.caption


def test_the_largest_jump_of_a_scan_is_in_the_panel_and_named(jumping, figures, tmp_path):
    record = scan_figure(jumping, path=tmp_path / "s.png", result=judged(jumping))
    (axes,) = figures[0].axes
    assert [text.get_text() for text in axes.texts] == ["20 meV"]
    low, high = axes.get_ylim()
    assert low < -20.0
    assert high > 0.0
    assert "The energy's largest jump is 20 meV, limit 1 meV (✘ FAIL)." in record.caption
    assert "Marked: 1 jump." in record.caption


def test_a_scan_without_jumps_has_no_marks(smooth, figures, tmp_path):
    record = scan_figure(smooth, path=tmp_path / "s.png", result=judged(smooth))
    (axes,) = figures[0].axes
    assert len(axes.lines) == 1
    assert not axes.texts
    assert "0 meV, limit 1 meV (✔ PASS)" in record.caption


def test_where_the_composition_is_fixed_each_kind_of_scan_has_a_panel(
    make_observations, figures, tmp_path, png_inches
):
    scans = [
        ("the molecule breathing", "breathing", curve(0.0)),
        ("H1 pulled out", "atom drawn apart", curve(0.05)),
        ("O0 pulled out", "atom drawn apart", curve(0.0)),
    ]
    observations = scanned(make_observations(), scans, jumps=[(1, 5.0, 0.05, "O–H")])
    assert pair_figure(observations, path=tmp_path / "p.png", result=None) is None
    record = scan_figure(observations, path=tmp_path / "s.png", result=judged(observations))
    assert png_inches(record.path)[0] == pytest.approx(7.0, abs=0.01)
    breathing, pulled = figures[0].axes
    assert not breathing.texts
    assert [text.get_text() for text in pulled.texts] == ["50 meV"]


def test_a_potential_that_refuses_points_leaves_gaps(make_observations, tmp_path):
    energies = curve(0.0)
    energies[-50:] = np.nan
    observations = scanned(make_observations(), [("O–H", "pair", energies)])
    (scan,) = read_scans(observations, alone=True, least_jump_mev=1.0)
    assert scan.energies_mev[-51] == 0.0
    assert pair_figure(observations, path=tmp_path / "p.png", result=None) is not None


def test_without_scans_there_is_no_figure(make_observations, tmp_path):
    lost = scanned(make_observations(), [("O–H", "pair", np.full(len(STEP), np.nan))])
    damaged = Measurement("cutoff_continuity", "done", data={"scans": []})
    skipped = Measurement("cutoff_continuity", "skipped")
    cases = [
        make_observations(),
        lost,
        replace(make_observations(), measurements={"cutoff_continuity": damaged}),
        replace(make_observations(), measurements={"cutoff_continuity": skipped}),
    ]
    for case in cases:
        assert pair_figure(case, path=tmp_path / "p.png", result=None) is None
        assert scan_figure(case, path=tmp_path / "s.png", result=None) is None


def test_more_pairs_than_fit_in_a_row_go_into_two(make_observations, tmp_path, png_inches):
    scans = [(f"A–{k}", "pair", curve(0.1)) for k in range(7)]
    jumps = [(k, 5.0, 0.1, f"A–{k}") for k in range(7)]
    observations = scanned(make_observations(), scans, jumps=jumps)
    record = pair_figure(observations, path=tmp_path / "p.png", result=None)
    assert png_inches(record.path) == pytest.approx((7.0, 3.9), abs=0.01)
