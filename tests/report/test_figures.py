from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.registry import get_check
from openmm_mlff.checks.surface.rotation_invariance import Record
from openmm_mlff.report.figures import (
    ACCURACY_FIGURES,
    DYNAMICS_FIGURES,
    SURFACE_FIGURES,
    write_figures,
)
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.typed import to_tables


def test_the_figures_of_a_system_and_condition(make_observations, make_report, tmp_path):
    observations = replace(make_observations(), condition=None)
    records = write_figures({"water": observations}, make_report(), tmp_path)
    assert [record.path.name for record in records] == [
        "water_energy_nve_300K_0.5fs.png",
        "water_temperature_nve_300K_0.5fs.png",
        "water_momentum_nve_300K_0.5fs.png",
        "water_bonds_nve_300K_0.5fs.png",
        "water_shape_nve_300K_0.5fs.png",
        "water_forces.png",
    ]
    assert all(record.path.is_file() for record in records)
    assert {record.system for record in records} == {"water"}
    assert "-0.0123 ± 0.0045" in records[0].caption


def test_each_condition_is_drawn_with_its_own_drift(
    make_observations, make_report, make_result, condition, tmp_path
):
    hot = replace(condition, temperature_kelvin=500.0)
    observations = replace(make_observations(), condition=None, measurements={})
    (run,) = observations.runs
    bare = replace(run, trajectory=None)
    both = replace(
        observations, runs=(bare, replace(bare, condition=hot, name="nve_500K_0.5fs_r0"))
    )
    report = make_report(
        checks=[
            make_result(value=0.01, unit="meV/atom/ps", condition=condition.as_dict()),
            make_result(value=0.07, unit="meV/atom/ps", condition=hot.as_dict()),
        ]
    )
    records = write_figures({"water": both}, report, tmp_path)
    captions = {record.path.name: record.caption for record in records}
    assert "drift of 0.01 " in captions["water_energy_nve_300K_0.5fs.png"]
    assert "drift of 0.07 " in captions["water_energy_nve_500K_0.5fs.png"]
    assert len(records) == 6


def test_a_system_that_was_never_run_has_no_figures(make_observations, make_report, tmp_path):
    nothing = Evidence(system=make_observations().system)
    assert write_figures({"water": nothing}, make_report(), tmp_path) == []


def test_the_surface_comes_first_and_is_drawn_with_its_checks(
    make_observations, make_report, make_result, tmp_path
):
    angles = np.arange(0.0, 361.0, 5.0)
    turned = Record(
        energy_changes_ev=np.zeros((1, 1)),
        force_changes=np.zeros((1, 1, 3, 3)),
        refused=np.zeros((1, 1), dtype=bool),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
        scan_angles_degrees=angles,
        scan_energy_changes_ev=np.zeros((3, len(angles))),
    )
    data, arrays = to_tables(turned)
    stored = Measurement("rotation_invariance", "done", data=data, arrays=arrays)
    observations = Evidence(make_observations().system, measurements={stored.name: stored})
    result = make_result(
        "rotation_invariance", group="surface", value=0.05, unit="meV/atom", threshold=0.1
    )
    (record,) = write_figures({"water": observations}, make_report(checks=[result]), tmp_path)
    assert record.path.name == "water_rotation.png"
    assert "limit 0.1 meV/atom" in record.caption


@pytest.mark.parametrize(
    ("table", "group"),
    [(SURFACE_FIGURES, "surface"), (DYNAMICS_FIGURES, "dynamics"), (ACCURACY_FIGURES, "accuracy")],
)
def test_every_figure_belongs_to_a_check_of_the_registry(table, group):
    for _, check_id, _ in table:
        assert get_check(check_id).group == group
