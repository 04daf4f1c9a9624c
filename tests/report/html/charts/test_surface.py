import numpy as np
import pytest

from openmm_mlff.checks.surface.rotation_invariance import Record as Rotations
from openmm_mlff.checks.surface.short_range_repulsion import Record
from openmm_mlff.report.html.charts.surface import LOWEST_EV, rotation_chart, wall_chart
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.typed import to_tables


def test_turning_is_drawn_per_atom_with_what_is_allowed(make_observations, make_result):
    angles = np.arange(0.0, 361.0, 5.0)
    changes_ev = np.stack([0 * angles, 0.003 * np.sin(np.radians(angles)), 0 * angles])
    record = Rotations(
        energy_changes_ev=np.zeros((1, 1)),
        force_changes=np.zeros((1, 1, 3, 3)),
        refused=np.zeros((1, 1), dtype=bool),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
        scan_angles_degrees=angles,
        scan_energy_changes_ev=changes_ev,
    )
    data, arrays = to_tables(record)
    stored = Measurement("rotation_invariance", "done", data=data, arrays=arrays)
    observations = make_observations(measurements={"rotation_invariance": stored})
    result = make_result("rotation_invariance", value=1.0, threshold=0.1, unit="meV/atom")
    chart = rotation_chart(observations, result=result)
    assert [trace["name"] for trace in chart.traces] == ["about x", "about y", "about z"]
    assert max(chart.traces[1]["y"]) == pytest.approx(1.0)
    assert (chart.layout["shapes"][0]["y0"], chart.layout["shapes"][0]["y1"]) == (-0.1, 0.1)
    assert rotation_chart(make_observations(measurements={}), result=result) is None


def wall_measurement(energies_ev, distances):
    record = Record(
        pairs=("H–H",),
        covalent_sums_angstrom=np.array([1.0]),
        pair=np.zeros(len(distances), dtype=int),
        distances_angstrom=distances,
        energies_ev=energies_ev,
        refused=np.zeros(len(distances), dtype=bool),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
    )
    data, arrays = to_tables(record)
    return Measurement("short_range_repulsion", "done", data=data, arrays=arrays)


def test_a_wall_that_is_too_low_is_ringed(make_observations, make_result):
    distances = np.linspace(0.3, 1.5, 121)
    observations = make_observations(
        measurements={"short_range_repulsion": wall_measurement(1.0 / distances, distances)}
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
        measurements={"short_range_repulsion": wall_measurement(10.0 / distances, distances)}
    )
    assert [trace["name"] for trace in wall_chart(high, result=result).traces] == ["H–H"]
    assert wall_chart(make_observations(measurements={}), result=result) is None
