import pytest

from openmm_mlff.measuring.stage_names import (
    replicas_stage,
    stage_timestep_fs,
    trajectory_stage,
)


@pytest.mark.parametrize("timestep_fs", [0.25, 0.5, 1.0, 1e-05])
def test_the_timestep_comes_back_out_of_the_name(timestep_fs):
    for stage in (
        trajectory_stage(temperature_kelvin=300.0, timestep_fs=timestep_fs),
        replicas_stage(count=8, timestep_fs=timestep_fs),
    ):
        assert stage_timestep_fs(stage) == timestep_fs


def test_stages_that_take_no_steps_have_none():
    assert stage_timestep_fs("minimise") is None
    assert stage_timestep_fs("parity probes") is None
