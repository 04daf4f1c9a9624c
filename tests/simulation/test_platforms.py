import openmm
import pytest

from openmm_mlff.errors import PlatformError
from openmm_mlff.simulation import available_platforms, choose_platform, named_platform, platforms
from openmm_mlff.simulation.devices import runs_on_gpu

ALL = ("Reference", "CPU", "OpenCL", "CUDA")


class _Pretend:
    """OpenMM with the given platforms, some without a device."""

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


def test_the_device_of_a_platform_is_known_by_name_except_for_opencl():
    names = ("CUDA", "HIP", "CPU", "Reference")
    assert [runs_on_gpu(name) for name in names] == [True, True, False, False]


@pytest.fixture
def choose(water_system, water_minimum):
    return lambda **options: choose_platform(water_system, water_minimum, **options)


@pytest.mark.parametrize(
    ("listed", "refusing", "gpus", "tried"),
    [
        (ALL, (), ("CUDA", "OpenCL"), ["CUDA"]),
        (ALL, ("CUDA",), ("CUDA", "OpenCL"), ["CUDA", "OpenCL"]),
        # OpenCL on the processor is not used.
        (ALL[:3], (), (), ["Reference", "CPU"]),
    ],
)
def test_auto_uses_the_first_platform_with_a_gpu(
    monkeypatch, choose, listed, refusing, gpus, tried
):
    pretend = _Pretend(monkeypatch, *listed, refusing=refusing, gpus=gpus)
    choice = choose(precision="double")
    if gpus:
        assert (choice.name, choice.precision) == (tried[-1], "double")
        assert dict(choice.properties) == {"Precision": "double"}
        assert [made.name for made in pretend.made] == tried
    else:
        assert choice.name in tried
        asked = choose(request="OpenCL")
        assert (asked.name, asked.on_gpu) == ("OpenCL", False)
    assert set(tried) <= {made.name for made in pretend.made}


@pytest.mark.parametrize("faster", ["CPU", "Reference"])
def test_auto_measures_without_a_gpu(monkeypatch, choose, faster):
    _Pretend(monkeypatch, "Reference", "CPU", "CUDA", refusing=("CUDA",))
    monkeypatch.setattr(
        platforms, "_ms_per_step", lambda _s, _p, choice: 1.0 if choice.name == faster else 2.0
    )
    choice = choose()
    assert (choice.name, dict(choice.properties)) == (faster, {})
    assert f"{faster} 1 ms/step" in choice.reason


@pytest.mark.parametrize("name", ["CPU", "reference", "Reference"])
def test_a_requested_platform_is_used(choose, name):
    choice = choose(request=name)
    assert choice.name.lower() == name.lower()
    assert dict(choice.properties) == {}
    assert choice.precision == {"CPU": "mixed", "Reference": "double"}[choice.name]


def test_every_usable_platform_is_listed_in_each_precision(
    monkeypatch, water_system, water_minimum
):
    _Pretend(monkeypatch, *ALL, refusing=("OpenCL",))
    choices = platforms.usable_platforms(water_system, water_minimum)
    found = [(one.name, one.precision, one.hands_over_single) for one in choices]
    assert found == [
        ("Reference", "double", False),
        ("CPU", "mixed", False),
        ("CUDA", "single", True),
        ("CUDA", "mixed", True),
        ("CUDA", "double", False),
    ]


def test_unusable_systems_devices_and_unknown_names_are_refused(monkeypatch, choose, water_system):
    for options, said in (
        ({"request": "CUDDA"}, "unknown platform 'CUDDA'; did you mean 'CUDA'"),
        ({"request": "GPU"}, "expected the platform of your device: CUDA, OpenCL"),
        ({"precision": "singel"}, "unknown precision 'singel'; did you mean 'single'"),
    ):
        with pytest.raises(PlatformError, match=said):
            choose(**options)
    _Pretend(monkeypatch, "Reference", "CPU", "CUDA", refusing=("CUDA",))
    with pytest.raises(PlatformError, match=r"No compatible CUDA device is.*--platform auto"):
        choose(request="CUDA")
    forces = openmm.CustomBondForce("nonsense(r)")
    forces.addBond(0, 1, [])
    water_system.addForce(forces)
    with pytest.raises(PlatformError, match=r"no platform can run this system: .*nonsense"):
        choose()


def test_a_missing_platform_names_how_to_install_it_and_why_its_plugin_failed(monkeypatch):
    failure = (
        "Error loading library /opt/openmm/plugins/libOpenMMCUDA.so: "
        "libcuda.so.1: cannot open shared object file"
    )
    monkeypatch.setattr(platforms, "available_platforms", lambda: ["Reference", "CPU"])
    monkeypatch.setattr(platforms.openmm.Platform, "getPluginLoadFailures", lambda: ())
    with pytest.raises(PlatformError) as raised:
        named_platform("CUDA")
    for part in ("CUDA is not available", "Reference, CPU", "pip install openmm-cuda-13"):
        assert part in str(raised.value)
    assert "\n" not in str(raised.value)
    monkeypatch.setattr(platforms.openmm.Platform, "getPluginLoadFailures", lambda: (failure,))
    with pytest.raises(PlatformError, match=r"plugin did not load: libcuda\.so\.1: cannot open"):
        named_platform("CUDA")
    with pytest.raises(PlatformError) as raised:
        named_platform("OpenCL")
    assert "did not load" not in str(raised.value)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["single", "mixed", "double"])
def test_cuda_runs(choose, precision):
    if "CUDA" not in available_platforms():
        pytest.skip("OpenMM has no CUDA platform here")
    assert choose(request="CUDA", precision=precision).precision == precision
