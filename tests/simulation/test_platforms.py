import openmm
import pytest

from openmm_mlff.errors import PlatformError
from openmm_mlff.simulation import available_platforms, choose_platform, named_platform, platforms

needs_no_gpu = pytest.mark.skipif(
    "CUDA" in available_platforms(), reason="what happens without CUDA"
)


class _Pretend:
    """OpenMM with platforms that are listed, on a machine whose devices refuse."""

    def __init__(self, monkeypatch, *listed, refusing=(), gpus=("CUDA", "OpenCL")):
        self.made = []
        make = platforms.make_context

        def context(*asked, platform, **options):
            self.made.append(platform)
            if platform.name in refusing:
                raise openmm.OpenMMException(f"No compatible {platform.name} device\nis available")
            if platform.name in ("CUDA", "OpenCL"):
                platform = platforms.PlatformChoice("Reference")
            return make(*asked, platform=platform, **options)

        monkeypatch.setattr(platforms, "available_platforms", lambda: list(listed))
        monkeypatch.setattr(platforms, "make_context", context)
        monkeypatch.setattr(platforms, "runs_on_gpu", gpus.__contains__)


def test_openmm_has_its_two_platforms_everywhere():
    assert {"Reference", "CPU"} <= set(available_platforms())


def test_auto_takes_cuda_first(monkeypatch, water_system, water_minimum):
    _Pretend(monkeypatch, "Reference", "CPU", "OpenCL", "CUDA")
    choice = choose_platform(water_system, water_minimum, precision="double")
    assert (choice.name, dict(choice.properties)) == ("CUDA", {"Precision": "double"})
    assert choice.precision == "double"


def test_auto_passes_by_a_platform_without_a_device(monkeypatch, water_system, water_minimum):
    pretend = _Pretend(monkeypatch, "Reference", "CPU", "OpenCL", "CUDA", refusing=("CUDA",))
    choice = choose_platform(water_system, water_minimum)
    assert choice.name == "OpenCL"
    assert dict(choice.properties) == {"Precision": "mixed"}
    assert [made.name for made in pretend.made] == ["CUDA", "OpenCL"]


def test_auto_passes_by_opencl_on_the_processor(monkeypatch, water_system, water_minimum):
    _Pretend(monkeypatch, "Reference", "CPU", "OpenCL", gpus=())
    assert choose_platform(water_system, water_minimum).name in ("CPU", "Reference")
    asked = choose_platform(water_system, water_minimum, request="OpenCL")
    assert (asked.name, asked.on_gpu) == ("OpenCL", False)


@pytest.mark.parametrize("faster", ["CPU", "Reference"])
def test_auto_measures_where_there_is_no_device(monkeypatch, water_system, water_minimum, faster):
    _Pretend(monkeypatch, "Reference", "CPU", "CUDA", refusing=("CUDA",))
    monkeypatch.setattr(
        platforms, "_ms_per_step", lambda _s, _p, choice: 1.0 if choice.name == faster else 2.0
    )
    choice = choose_platform(water_system, water_minimum)
    assert choice.name == faster
    assert dict(choice.properties) == {}
    assert f"{faster} 1 ms/step" in choice.reason


def test_auto_really_measures(water_system, water_minimum):
    # Three springs: starting threads costs many times what the forces do.
    assert platforms._ms_per_step(
        water_system, water_minimum, named_platform("Reference")
    ) < platforms._ms_per_step(water_system, water_minimum, named_platform("CPU"))


def test_what_no_platform_can_run_is_said_once(water_system, water_minimum):
    forces = openmm.CustomBondForce("nonsense(r)")
    forces.addBond(0, 1, [])
    water_system.addForce(forces)
    with pytest.raises(PlatformError, match=r"no platform can run this system: .*nonsense"):
        choose_platform(water_system, water_minimum)


@pytest.mark.parametrize("request_name", ["CPU", "reference", "Reference"])
def test_a_platform_that_is_asked_for_is_taken(water_system, water_minimum, request_name):
    choice = choose_platform(water_system, water_minimum, request=request_name)
    assert choice.name.lower() == request_name.lower()
    assert dict(choice.properties) == {}
    assert choice.precision == {"CPU": "mixed", "Reference": "double"}[choice.name]


def test_every_usable_platform_is_listed_in_each_precision(
    monkeypatch, water_system, water_minimum
):
    _Pretend(monkeypatch, "Reference", "CPU", "OpenCL", "CUDA", refusing=("OpenCL",))
    choices = platforms.usable_platforms(water_system, water_minimum)
    assert [(choice.name, choice.precision) for choice in choices] == [
        ("Reference", "double"),
        ("CPU", "mixed"),
        ("CUDA", "single"),
        ("CUDA", "mixed"),
        ("CUDA", "double"),
    ]
    assert [choice.hands_over_single for choice in choices] == [False, False, True, True, False]


@needs_no_gpu
def test_a_platform_that_is_missing_says_how_to_get_it(water_system, water_minimum):
    with pytest.raises(PlatformError) as raised:
        choose_platform(water_system, water_minimum, request="CUDA")
    message = str(raised.value)
    assert "platform CUDA is not available, only Reference, CPU" in message
    assert "pip install openmm-cuda-13" in message
    assert "NVIDIA driver" in message
    assert "\n" not in message


def test_a_device_that_is_missing_gives_openmms_reason(monkeypatch, water_system, water_minimum):
    _Pretend(monkeypatch, "Reference", "CPU", "CUDA", refusing=("CUDA",))
    with pytest.raises(PlatformError) as raised:
        choose_platform(water_system, water_minimum, request="CUDA")
    assert "No compatible CUDA device is available" in str(raised.value)
    assert "--platform auto" in str(raised.value)


def test_why_a_plugin_did_not_load_is_said(monkeypatch):
    failure = (
        "Error loading library /opt/openmm/plugins/libOpenMMCUDA.so: "
        "libcuda.so.1: cannot open shared object file"
    )
    monkeypatch.setattr(platforms.openmm.Platform, "getPluginLoadFailures", lambda: (failure,))
    monkeypatch.setattr(platforms, "available_platforms", lambda: ["Reference", "CPU"])
    with pytest.raises(
        PlatformError, match=r"its plugin did not load: libcuda\.so\.1: cannot open"
    ):
        named_platform("CUDA")
    with pytest.raises(PlatformError) as raised:
        named_platform("OpenCL")
    assert "did not load" not in str(raised.value)


def test_unknown_names_say_the_nearest(water_system, water_minimum):
    with pytest.raises(PlatformError, match="unknown platform 'CUDDA'; did you mean 'CUDA'"):
        choose_platform(water_system, water_minimum, request="CUDDA")
    with pytest.raises(PlatformError, match="unknown precision 'singel'; did you mean 'single'"):
        choose_platform(water_system, water_minimum, precision="singel")


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["single", "mixed", "double"])
def test_cuda_runs(water_system, water_minimum, precision):
    if "CUDA" not in available_platforms():
        pytest.skip("OpenMM has no CUDA platform here")
    choice = choose_platform(water_system, water_minimum, request="CUDA", precision=precision)
    assert choice.precision == precision
