import pytest

from openmm_mlff.measuring.stage_names import nve_stage, stage_timestep_fs


@pytest.mark.parametrize("timestep_fs", [0.25, 0.5, 1.0, 1e-05])
@pytest.mark.parametrize("runs", ["300 K", "8 replicas"])
def test_the_timestep_comes_back_out_of_the_name(runs, timestep_fs):
    assert stage_timestep_fs(nve_stage(runs, timestep_fs=timestep_fs)) == timestep_fs


@pytest.mark.parametrize("stage", ["minimise", "parity probes"])
def test_stages_that_take_no_steps_have_none(stage):
    assert stage_timestep_fs(stage) is None
