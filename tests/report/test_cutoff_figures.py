from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.surface.cutoff_continuity import cutoff_continuity
from openmm_mlff.config import load_protocol
from openmm_mlff.observations import ProbeObservations
from openmm_mlff.report.cutoff_figures import pair_figure, scan_figure
from openmm_mlff.report.cutoff_scans import read_scans

STEP = np.arange(1.0, 8.0, 0.01)


def curve(jump_ev, *, at=5.0):
    """An energy that dies out smoothly, and below the cutoff lies lower by the jump."""
    return -0.5 * np.exp(-2.0 * (STEP - 1.0)) - np.where(at > STEP, jump_ev, 0.0)


def scanned(observations, scans, *, jumps=()):
    """Scans as (name, kind, energies), jumps as (scan, coordinate, size in eV, pair)."""
    arrays = {"noise_energies_ev": np.zeros(9), "noise_forces": np.zeros((9, 3, 3))}
    for k, (_, _, energies) in enumerate(scans):
        arrays |= {
            f"coordinate_{k}": STEP,
            f"energies_ev_{k}": energies,
            f"force_norm_{k}": np.zeros(len(STEP)),
            f"refused_{k}": np.zeros(len(STEP), dtype=bool),
        }
    columns = list(zip(*jumps, strict=True)) or [[], [], [], []]
    arrays |= {
        "jump_scan": np.array(columns[0], dtype=int),
        "jump_coordinate": np.array(columns[1], dtype=float),
        "jump_energy_ev": np.array(columns[2], dtype=float),
        "jump_force_ev_per_angstrom": np.zeros(len(jumps)),
        "jump_distance_angstrom": np.array(columns[1], dtype=float),
    }
    data = {
        "scans": [{"name": name, "kind": kind} for name, kind, _ in scans],
        "jump_pairs": list(columns[3]),
    }
    probe = ProbeObservations("cutoff_continuity", "done", data=data, arrays=arrays)
    return replace(observations, probes={"cutoff_continuity": probe}, condition=None)


def judged(observations):
    criteria = load_protocol("standard").criteria_for("cutoff_continuity")
    return cutoff_continuity(observations, criteria)


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
    assert "The energy's largest jump is 20 meV, 1 meV allowed (✘ FAIL)." in record.caption
    assert "Marked: 1 jump." in record.caption


def test_a_scan_without_jumps_has_no_marks(smooth, figures, tmp_path):
    record = scan_figure(smooth, path=tmp_path / "s.png", result=judged(smooth))
    (axes,) = figures[0].axes
    assert len(axes.lines) == 1
    assert not axes.texts
    assert "0 meV, 1 meV allowed (✔ PASS)" in record.caption


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
    damaged = scanned(make_observations(), [("O–H", "pair", curve(0.0)[:5])])
    skipped = ProbeObservations("cutoff_continuity", "skipped")
    cases = [
        make_observations(),
        lost,
        damaged,
        replace(make_observations(), probes={"cutoff_continuity": skipped}),
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
