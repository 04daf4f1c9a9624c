import numpy as np
import pytest

from openmm_mlff.observations import ProbeObservations
from openmm_mlff.report.html.charts.surface import LOWEST_EV, rotation_chart, wall_chart


def test_turning_is_drawn_per_atom_with_what_is_allowed(make_observations, make_result):
    angles = np.arange(0.0, 361.0, 5.0)
    changes_ev = np.stack([0 * angles, 0.003 * np.sin(np.radians(angles)), 0 * angles])
    arrays = {"scan_angles_degrees": angles, "scan_energy_changes_ev": changes_ev}
    probe = ProbeObservations("rotation_invariance", "done", arrays=arrays)
    observations = make_observations(probes={"rotation_invariance": probe})
    result = make_result("rotation_invariance", value=1.0, threshold=0.1, unit="meV/atom")
    chart = rotation_chart(observations, result=result)
    assert [trace["name"] for trace in chart.traces] == ["about x", "about y", "about z"]
    assert max(chart.traces[1]["y"]) == pytest.approx(1.0)
    assert (chart.layout["shapes"][0]["y0"], chart.layout["shapes"][0]["y1"]) == (-0.1, 0.1)
    assert rotation_chart(make_observations(probes={}), result=result) is None


def wall_probe(energies_ev, distances):
    noise = {"noise_energies_ev": np.zeros(9), "noise_forces": np.zeros((9, 3, 3))}
    arrays = {
        "distances_angstrom_0": distances,
        "energies_ev_0": energies_ev,
        "refused_0": np.zeros(len(distances), dtype=bool),
        **noise,
    }
    return ProbeObservations(
        "short_range_repulsion", "done", data={"pairs": ["H–H"]}, arrays=arrays
    )


def test_a_wall_that_is_too_low_is_ringed(make_observations, make_result):
    distances = np.linspace(0.3, 1.5, 121)
    observations = make_observations(
        probes={"short_range_repulsion": wall_probe(1.0 / distances, distances)}
    )
    measures = [{"value": 1.0, "unit": "eV", "threshold": 5.0, "at_least": True}]
    result = make_result("short_range_repulsion", evidence={"measures": measures})
    chart = wall_chart(observations, result=result)
    curve, ring = chart.traces
    assert curve["name"] == "H–H"
    assert min(curve["y"]) == LOWEST_EV
    assert ring["name"] == "too low"
    assert ring["x"] == [0.3]
    assert ring["y"][0] == pytest.approx(1 / 0.3 - 1 / 1.5, rel=1e-4)
    assert chart.layout["shapes"][0]["y0"] == 5.0
    high = make_observations(
        probes={"short_range_repulsion": wall_probe(10.0 / distances, distances)}
    )
    assert [trace["name"] for trace in wall_chart(high, result=result).traces] == ["H–H"]
    assert wall_chart(make_observations(probes={}), result=result) is None
