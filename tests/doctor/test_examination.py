"""What is made of the trials; the trials themselves are in test_trial."""

import pytest

from openmm_mlff.doctor import examination
from openmm_mlff.doctor.findings import Gpu, is_ready
from openmm_mlff.doctor.trial import TrialOutcome

GPU = Gpu("NVIDIA H100", "550.0", 81559.0)
TORCH = {"version": "2.11", "threads": 1, "built_for_cuda": "13.0", "gpus": []}


def answers(**changes):
    """Trials of a healthy machine without a GPU, but for what is changed."""
    healthy = {
        "torch": TrialOutcome(TORCH),
        "openmm": TrialOutcome(
            {
                "platforms": ["Reference", "CPU"],
                "failures": {"CUDA": "libcuda.so.1: cannot open shared object file"},
                "remedies": {"CUDA": "it needs an NVIDIA driver"},
            }
        ),
        "torchforce Reference": TrialOutcome({"error_kj_per_mol": 0.0}),
        "torchforce CPU": TrialOutcome({"error_kj_per_mol": 0.0}),
        "reference": TrialOutcome({"energy_ev": -137.9}),
    } | changes
    return lambda *name: healthy[" ".join(name)]


def examined(*, gpus=(), **changes):
    trial = answers(**{name.replace("_", " "): value for name, value in changes.items()})
    findings = examination.examine(trial=trial, gpus=lambda: list(gpus))
    return findings, {finding.what: finding for finding in findings}


def test_a_healthy_machine_is_ready_and_says_why_cuda_is_missing():
    findings, by_name = examined()
    problems = [finding for finding in findings if finding.state == "problem"]
    assert not [finding for finding in problems if finding.topic not in {"packages", "python"}]
    assert by_name["Reference"].found == "a TorchForce runs and is right"
    cuda = by_name["CUDA"]
    assert cuda.state == "note"
    assert "libcuda.so.1: cannot open" in cuda.found
    assert cuda.remedy == "it needs an NVIDIA driver"
    assert by_name["OpenCL"].found == "its plugin is not installed"


def test_a_crash_on_a_platform_is_reported():
    findings, by_name = examined(torchforce_CPU=TrialOutcome(problem="crashed (SIGSEGV)"))
    assert not is_ready(findings)
    assert "a TorchForce does not run: crashed (SIGSEGV)" in by_name["CPU"].found
    assert "pip install acellera-openmmtorch-cu13==1.10" in by_name["CPU"].remedy


def test_with_a_gpu_a_missing_cuda_is_a_problem():
    findings, by_name = examined(gpus=[GPU])
    assert by_name["CUDA"].state == "problem"
    assert by_name["NVIDIA H100"].state == "problem"
    assert "driver 550.0" in by_name["NVIDIA H100"].found
    assert "580" in by_name["NVIDIA H100"].remedy
    assert not is_ready(findings)


def test_a_gpu_that_torch_sees_is_named_with_its_memory():
    gpu = {"name": "NVIDIA H100", "free_mebibytes": 80000, "total_mebibytes": 81000}
    _, by_name = examined(gpus=[GPU], torch=TrialOutcome(TORCH | {"gpus": [gpu]}))
    assert by_name["NVIDIA H100"].state == "ok"
    assert "80,000 of 81,000 MiB free" in by_name["NVIDIA H100"].found


@pytest.mark.parametrize(
    ("broken", "what"),
    [("torch", "torch"), ("openmm", "OpenMM"), ("reference", "GFN2-xTB (tblite)")],
)
def test_what_is_needed_and_broken_has_a_remedy(broken, what):
    _, by_name = examined(**{broken: TrialOutcome(problem="ImportError: no")})
    finding = by_name[what]
    assert (finding.state, finding.found) == ("problem", "ImportError: no")
    assert "pip install" in finding.remedy


def test_plugins_that_load_or_not_are_named_and_are_no_hindrance():
    offered = [("openmm_mlff.checks", "mine"), ("openmm_mlff.potentials", "torn")]
    findings = examination.examine(
        trial=answers(
            **{
                "plugin openmm_mlff.checks mine": TrialOutcome({"package": "sizes 1.0"}),
                "plugin openmm_mlff.potentials torn": TrialOutcome(problem="ImportError: no"),
            }
        ),
        gpus=list,
        plugins=lambda: offered,
    )
    mine, torn = findings[-2:]
    assert (mine.state, mine.found) == ("ok", "loads, from sizes 1.0")
    assert (torn.state, torn.found) == ("note", "ImportError: no")
    assert "reinstall" in torn.remedy
