import pytest

from openmm_mlff.simulation import available_platforms, choose_platform
from openmm_mlff.simulation.devices import runs_on_gpu


def test_the_device_of_a_platform_is_known_by_name_except_for_opencl():
    names = ("CUDA", "HIP", "CPU", "Reference")
    assert [runs_on_gpu(name) for name in names] == [True, True, False, False]


@pytest.mark.skipif("OpenCL" not in available_platforms(), reason="needs OpenCL")
def test_auto_uses_opencl_only_on_a_gpu(water_system, water_minimum):
    chosen = choose_platform(water_system, water_minimum).name
    assert chosen in ("CUDA", "OpenCL") or not runs_on_gpu("OpenCL")
