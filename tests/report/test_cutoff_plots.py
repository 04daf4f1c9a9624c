from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.surface.cutoff_continuity import CHECK, Record
from openmm_mlff.checks.surface.jumps import Jump
from openmm_mlff.config import load_protocol
from openmm_mlff.plots import Points
from openmm_mlff.report.cutoff_plots import plot_pairs, plot_scans, read_scans
from openmm_mlff.storage.measurements import Measurement

from .conftest import of_kind, with_record

STEP = np.arange(1.0, 8.0, 0.01)
DIMER = ("two copies, direction 1", "dimer")


def curve(jump_ev, *, at=5.0):
    """An energy that decays smoothly, and below the cutoff is lower by the jump."""
    return -0.5 * np.exp(-2.0 * (STEP - 1.0)) - np.where(at > STEP, jump_ev, 0.0)


@pytest.fixture(scope="module")
def scanned(make_observations):
    """Make evidence of scans (name, kind, energies) and jumps (scan, coordinate, eV, pair)."""

    def make(scans, *, jumps=()):
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
        return with_record(make_observations(), "cutoff_continuity", record)

    return make


def judged(evidence):
    record = evidence.measurements["cutoff_continuity"].record(Record)
    limits = load_protocol("standard").limits_for("cutoff_continuity")
    return CHECK.result(CHECK.judge(record, limits), system="water")


def texts(panel):
    return [text for mark in of_kind(panel, Points) for text in mark.texts]


@pytest.fixture(scope="module")
def jumping(scanned):
    """Two pairs that jump, by 0.3 and 0.1 eV, one that does not, and a dimer that does."""
    pairs = {"H–H": 0.3, "O–H": 0.1, "O–O": 0.0}
    scans = [(*DIMER, curve(0.02)), *((name, "pair", curve(ev)) for name, ev in pairs.items())]
    jumps = [(0, 5.0, 0.02, "O–H"), (1, 5.0, 0.3, "H–H"), (2, 5.0, 0.1, "O–H")]
    return scanned(scans, jumps=[*jumps, (3, 2.0, 1e-5, "O–O")])


def test_each_pair_has_a_panel_around_its_jump_with_the_size(jumping):
    plot = plot_pairs(jumping, judged(jumping))
    found = [(panel.title, texts(panel), panel.note) for panel in plot.panels]
    assert found == [("H–H", ["300 meV"], ""), ("O–H", ["100 meV"], ""), ("O–O", [], "no jump")]
    for panel in plot.panels:
        assert panel.x.range == pytest.approx((4.0, 6.0))
        assert panel.y == plot.panels[0].y
    # No line crosses a jump.
    line, mark, _ = plot.panels[0].marks
    assert line.x[np.isnan(line.y)] == pytest.approx([5.0])
    assert list(mark.x) == [5.0, 5.0]
    assert np.ptp(mark.y) == pytest.approx(300.0, abs=1.0)
    (panel,) = plot_scans(jumping, judged(jumping)).panels
    assert texts(panel) == ["20 meV"]
    low, high = panel.y.range
    assert low < -20.0 < 0.0 < high


def test_smooth_pairs_share_one_panel_and_are_shown_whole(scanned):
    smooth = scanned([(*DIMER, curve(0.0)), ("O–H", "pair", curve(0.0))])
    (panel,) = plot_pairs(smooth, judged(smooth)).panels
    assert panel.marks[0].y[0] == pytest.approx(-500.0, abs=0.01)
    assert not texts(panel)
    (panel,) = plot_scans(smooth, judged(smooth)).panels
    assert len(panel.marks) == 1


def test_where_the_composition_is_fixed_each_kind_of_scan_has_a_panel(scanned):
    scans = [
        ("the molecule breathing", "breathing", curve(0.0)),
        ("H1 pulled out", "atom drawn apart", curve(0.05)),
        ("O0 pulled out", "atom drawn apart", curve(0.0)),
    ]
    evidence = scanned(scans, jumps=[(1, 5.0, 0.05, "O–H")])
    assert plot_pairs(evidence, None) is None
    breathing, pulled = plot_scans(evidence, judged(evidence)).panels
    assert (texts(breathing), texts(pulled)) == ([], ["50 meV"])


def test_refused_points_are_gaps_and_without_points_there_is_no_plot(scanned, make_observations):
    energies = curve(0.0)
    energies[-50:] = np.nan
    refusing = scanned([("O–H", "pair", energies)])
    (scan,) = read_scans(refusing, alone=True, least_jump_mev=1.0)
    assert scan.energies_mev[-51] == 0.0
    assert plot_pairs(refusing, None) is not None
    lost = scanned([("O–H", "pair", np.full(len(STEP), np.nan))])
    damaged = Measurement("cutoff_continuity", "done", data={"scans": []})
    skipped = Measurement("cutoff_continuity", "skipped")
    stored = [replace(lost, measurements={one.name: one}) for one in (damaged, skipped)]
    for case in (make_observations(), lost, *stored):
        assert plot_pairs(case, None) is None
        assert plot_scans(case, None) is None
