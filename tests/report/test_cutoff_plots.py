from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.surface.cutoff_continuity import CHECK, Record
from openmm_mlff.checks.surface.jumps import Jump
from openmm_mlff.config import load_protocol
from openmm_mlff.plots import Points
from openmm_mlff.report.cutoff_plots import plot_pairs, plot_scans, read_scans
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


def texts(panel):
    return [text for mark in panel.marks if isinstance(mark, Points) for text in mark.texts]


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


def test_each_pair_has_a_panel_around_its_jump_with_the_size(jumping):
    plot = plot_pairs(jumping, judged(jumping))
    assert [panel.title for panel in plot.panels] == ["H–H", "O–H", "O–O"]
    assert [texts(panel) for panel in plot.panels] == [["300 meV"], ["100 meV"], []]
    assert [panel.note for panel in plot.panels] == ["", "", "no jump"]
    for panel in plot.panels:
        assert panel.x.range == pytest.approx((4.0, 6.0))
        assert panel.y == plot.panels[0].y
    assert "H–H 300, O–H 100" in plot.caption


def test_no_line_bridges_a_jump(jumping):
    line, mark, _ = plot_pairs(jumping, judged(jumping)).panels[0].marks
    assert np.isnan(line.y).sum() == 1
    assert line.x[np.isnan(line.y)] == pytest.approx([5.0])
    assert list(mark.x) == [5.0, 5.0]
    assert np.ptp(mark.y) == pytest.approx(300.0, abs=1.0)


def test_smooth_pairs_share_one_panel_and_are_shown_whole(smooth):
    plot = plot_pairs(smooth, judged(smooth))
    (panel,) = plot.panels
    assert panel.marks[0].y[0] == pytest.approx(-500.0, abs=0.01)
    assert not texts(panel)
    assert "no pair jumps by more than 1 meV" in plot.caption


def test_the_largest_jump_of_a_scan_is_in_the_panel_and_named(jumping):
    plot = plot_scans(jumping, judged(jumping))
    (panel,) = plot.panels
    assert texts(panel) == ["20 meV"]
    low, high = panel.y.range
    assert low < -20.0
    assert high > 0.0
    assert "1 jump." in plot.caption


def test_a_scan_without_jumps_has_no_marks(smooth):
    (panel,) = plot_scans(smooth, judged(smooth)).panels
    assert len(panel.marks) == 1


def test_where_the_composition_is_fixed_each_kind_of_scan_has_a_panel(make_observations):
    scans = [
        ("the molecule breathing", "breathing", curve(0.0)),
        ("H1 pulled out", "atom drawn apart", curve(0.05)),
        ("O0 pulled out", "atom drawn apart", curve(0.0)),
    ]
    observations = scanned(make_observations(), scans, jumps=[(1, 5.0, 0.05, "O–H")])
    assert plot_pairs(observations, None) is None
    breathing, pulled = plot_scans(observations, judged(observations)).panels
    assert not texts(breathing)
    assert texts(pulled) == ["50 meV"]
    colours = [*breathing.colours(), *pulled.colours()]
    assert [colour for colour in colours if colour != "bad"] == [0, 1, 2]


def test_a_potential_that_refuses_points_leaves_gaps(make_observations):
    energies = curve(0.0)
    energies[-50:] = np.nan
    observations = scanned(make_observations(), [("O–H", "pair", energies)])
    (scan,) = read_scans(observations, alone=True, least_jump_mev=1.0)
    assert scan.energies_mev[-51] == 0.0
    assert plot_pairs(observations, None) is not None


def test_without_scans_there_is_no_plot(make_observations):
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
        assert plot_pairs(case, None) is None
        assert plot_scans(case, None) is None
