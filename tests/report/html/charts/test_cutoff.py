from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.surface.cutoff_continuity import Record
from openmm_mlff.checks.surface.jumps import Jump
from openmm_mlff.report.html.charts.cutoff import pair_chart, scan_charts
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.typed import to_tables

COORDINATE = np.arange(1.0, 8.0, 0.01)
JUMP_EV = 0.3


@pytest.fixture
def scanned(make_observations):
    """A pair and a dimer that jump by 0.3 eV at 5 Å, and a molecule that breathes smoothly."""
    smooth = -0.5 * np.exp(-2.0 * (COORDINATE - 1.0))
    jumping = smooth - np.where(COORDINATE < 5.0, JUMP_EV, 0.0)
    curves = {"H–H": ("pair", jumping), "two copies": ("dimer", jumping)}
    curves["all"] = ("breathing", smooth)
    record = Record(
        names=tuple(curves),
        kinds=tuple(kind for kind, _ in curves.values()),
        scan=np.repeat(np.arange(3), len(COORDINATE)),
        coordinate=np.tile(COORDINATE, 3),
        energies_ev=np.concatenate([energies for _, energies in curves.values()]),
        force_norm=np.zeros(3 * len(COORDINATE)),
        refused=np.zeros(3 * len(COORDINATE), dtype=bool),
        jumps=tuple(
            Jump(name, kind, 5.0, 1e3 * JUMP_EV, 0.0, 5.0, "H–H")
            for name, kind in (("H–H", "pair"), ("two copies", "dimer"))
        ),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
    )
    data, arrays = to_tables(record)
    measurement = Measurement("cutoff_continuity", "done", data=data, arrays=arrays)
    return replace(make_observations(), measurements={"cutoff_continuity": measurement})


def test_a_jump_is_drawn_over_a_gap_of_the_curve(scanned):
    curve, jump = pair_chart(scanned, result=None).traces
    assert curve["y"].count(None) == 1
    assert jump["name"] == "jump"
    assert jump["x"] == [5.0, 5.0, None]
    assert jump["y"][1] - jump["y"][0] == pytest.approx(1000.0 * JUMP_EV, rel=1e-3)
    assert jump["text"][0] == "jump of 300 meV"


def test_scans_have_a_chart_for_each_kind_that_says_what_was_found(scanned):
    dimer, breathing = scan_charts(scanned, result=None)
    assert "1 jump of more than the 1 meV allowed, the largest of 300 meV" in dimer.caption
    assert "no jump of more than the 1 meV allowed" in breathing.caption
    assert len(dimer.traces) == 2
    assert len(breathing.traces) == 1


def test_without_a_scan_there_is_no_chart(make_observations):
    empty = make_observations(measurements={})
    assert pair_chart(empty, result=None) is None
    assert scan_charts(empty, result=None) == []
