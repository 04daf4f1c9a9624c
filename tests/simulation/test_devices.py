import pytest

from openmm_mlff.simulation import available_platforms, choose_platform
from openmm_mlff.simulation.devices import runs_on_gpu


@pytest.mark.parametrize(
    ("platform", "on_gpu"), [("CUDA", True), ("HIP", True), ("CPU", False), ("Reference", False)]
)
def test_only_opencl_has_to_be_looked_at(platform, on_gpu):
    assert runs_on_gpu(platform) is on_gpu


@pytest.mark.skipif("OpenCL" not in available_platforms(), reason="needs OpenCL")
def test_auto_takes_opencl_on_a_gpu_only(water_system, water_minimum):
    chosen = choose_platform(water_system, water_minimum).name
    assert chosen in ("CUDA", "OpenCL") or not runs_on_gpu("OpenCL")
