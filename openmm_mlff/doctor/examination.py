"""Check everything that a validation needs."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import entry_points

from openmm_mlff.config import GPU_PLATFORMS
from openmm_mlff.doctor.findings import (
    Finding,
    Gpu,
    State,
    examine_compiler,
    examine_packages,
    examine_python,
    nvidia_gpus,
)
from openmm_mlff.doctor.trial import TrialOutcome, run_trial

_PLUGIN_GROUPS = ("openmm_mlff.checks", "openmm_mlff.potentials")
"""Literal, because the modules that define them import numpy, which may be missing."""

Trial = Callable[..., TrialOutcome]

NEEDED_PLATFORMS = ("Reference", "CPU")
_AT_ONCE = 2
_TORCH_REMEDY = "run: pip install 'torch>=2.10,<2.13'"
_OPENMM_REMEDY = "run: pip install 'openmm>=8.4,<8.7'"
_PLUGIN_REMEDY = (
    "run: pip install acellera-openmmtorch-cu13==1.10 'torch>=2.10,<2.13', or conda install -c "
    "conda-forge openmm-torch; not the distribution openmmtorch, whose 1.5 does not load"
)
_PLUGINS_REMEDY = "repair or reinstall the package that provides it"
_REFERENCE = "GFN2-xTB (tblite)"
_REFERENCE_REMEDY = (
    "run: pip install 'openmm_mlff[reference]', or name another reference with --reference"
)
_GPU_REMEDY = (
    "CUDA 13 needs driver 580 or newer: update the driver, or install a torch for "
    "an older CUDA; see also CUDA_VISIBLE_DEVICES"
)


def installed_plugins() -> list[tuple[str, str]]:
    """Return group and name of the entry points of third-party checks and potentials."""
    found = [entry for group in _PLUGIN_GROUPS for entry in entry_points(group=group)]
    return sorted({(entry.group, entry.name) for entry in found})


def examine(
    *,
    trial: Trial = run_trial,
    gpus: Callable[[], list[Gpu]] = nvidia_gpus,
    plugins: Callable[[], list[tuple[str, str]]] = installed_plugins,
) -> list[Finding]:
    """Check Python, packages, platforms, devices, the reference, the compiler and plugins."""
    present, offered = gpus(), list(plugins())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        torch = pool.submit(trial, "torch")
        openmm = pool.submit(trial, "openmm")
        listed = openmm.result()
        names = listed.data.get("platforms", [])
        outcomes = dict(zip(names, pool.map(partial(trial, "torchforce"), names), strict=True))
        reference = pool.submit(trial, "reference")
        loaded = list(pool.map(lambda one: trial("plugin", *one), offered))
    energy, water = reference.result(), "computes (water: {energy_ev:.3f} eV)"
    judged = partial(_judged, "plugins", said="loads, from {package}", remedy=_PLUGINS_REMEDY)
    return [
        examine_python(),
        *examine_packages(),
        *judge_torch(torch.result(), gpus=present),
        *judge_platforms(listed, outcomes, has_gpu=bool(present)),
        _judged("reference", _REFERENCE, energy, said=water, remedy=_REFERENCE_REMEDY),
        examine_compiler(),
        # Validations run without a plugin that does not load.
        *(judged(name, one, broken="note") for (_, name), one in zip(offered, loaded, strict=True)),
    ]


def _judged(
    topic: str,
    what: str,
    outcome: TrialOutcome,
    *,
    said: str,
    remedy: str,
    broken: State = "problem",
) -> Finding:
    """Judge whether a trial succeeded; ``said`` is formatted with its data."""
    if outcome.problem:
        return Finding(topic, what, broken, outcome.problem, remedy)
    return Finding(topic, what, "ok", said.format(**outcome.data))


def judge_torch(outcome: TrialOutcome, *, gpus: Sequence[Gpu]) -> list[Finding]:
    """Judge whether torch works, and on which devices."""
    said = "{version} computes, {threads} threads"
    findings = [_judged("torch", "torch", outcome, said=said, remedy=_TORCH_REMEDY)]
    if outcome.problem:
        return findings
    data = outcome.data
    for gpu in data["gpus"]:
        free, total = gpu["free_mebibytes"], gpu["total_mebibytes"]
        said = f"torch computes on it; {free:,} of {total:,} MiB free"
        findings.append(Finding("GPU", gpu["name"], "ok", said))
    if not data["gpus"] and gpus:
        said = (
            f"present (driver {gpus[0].driver}, {gpus[0].total_mebibytes:,.0f} MiB), but torch "
            f"does not see it; torch is built for CUDA {data['built_for_cuda'] or 'no version'}"
        )
        findings.append(Finding("GPU", gpus[0].name, "problem", said, _GPU_REMEDY))
    elif not data["gpus"]:
        findings.append(Finding("GPU", "NVIDIA GPU", "note", "none; runs on CPU or Reference"))
    return findings


def judge_platforms(
    listed: TrialOutcome, outcomes: dict[str, TrialOutcome], *, has_gpu: bool
) -> list[Finding]:
    """Judge for each platform whether a TorchForce runs on it, or why it is missing.

    ``has_gpu``: whether there is an NVIDIA GPU, on which CUDA should work.
    """
    if listed.problem:
        return [Finding("platforms", "OpenMM", "problem", listed.problem, _OPENMM_REMEDY)]
    findings = []
    for name in dict.fromkeys((*NEEDED_PLATFORMS, *GPU_PLATFORMS, *outcomes)):
        outcome = outcomes.get(name)
        if outcome is not None and not outcome.problem:
            findings.append(Finding("platforms", name, "ok", "a TorchForce runs and is right"))
            continue
        remedy = listed.data["remedies"].get(name, "")
        if outcome is not None:
            found = f"loads, but a TorchForce does not run: {outcome.problem}"
            remedy = _PLUGIN_REMEDY if name in NEEDED_PLATFORMS else remedy
        elif reason := listed.data["failures"].get(name):
            found = f"its plugin does not load: {reason}"
        else:
            found = "its plugin is not installed"
        needed = name in NEEDED_PLATFORMS or (name == "CUDA" and has_gpu)
        state: State = "problem" if needed else "note"
        findings.append(Finding("platforms", name, state, found, remedy))
    return findings
