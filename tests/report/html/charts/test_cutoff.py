from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.observations import ProbeObservations
from openmm_mlff.report.html.charts.cutoff import pair_chart, scan_charts

COORDINATE = np.arange(1.0, 8.0, 0.01)
JUMP_EV = 0.3


@pytest.fixture
def scanned(make_observations):
    """A pair and a dimer that jump by 0.3 eV at 5 Å, and a molecule that breathes smoothly."""
    smooth = -0.5 * np.exp(-2.0 * (COORDINATE - 1.0))
    jumping = smooth - np.where(COORDINATE < 5.0, JUMP_EV, 0.0)
    curves = {"H–H": ("pair", jumping), "two copies": ("dimer", jumping)}
    curves["all"] = ("breathing", smooth)
    arrays = {
        "jump_scan": np.array([0, 1]),
        "jump_coordinate": np.full(2, 5.0),
        "jump_energy_ev": np.full(2, JUMP_EV),
        "jump_force_ev_per_angstrom": np.zeros(2),
        "jump_distance_angstrom": np.full(2, 5.0),
    }
    for k, (_, energies) in enumerate(curves.values()):
        arrays |= {f"coordinate_{k}": COORDINATE, f"energies_ev_{k}": energies}
    data = {
        "scans": [{"name": name, "kind": kind} for name, (kind, _) in curves.items()],
        "jump_pairs": ["H–H", "H–H"],
    }
    probe = ProbeObservations("cutoff_continuity", "done", data=data, arrays=arrays)
    return replace(make_observations(), probes={"cutoff_continuity": probe})


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
    empty = make_observations(probes={})
    assert pair_chart(empty, result=None) is None
    assert scan_charts(empty, result=None) == []
