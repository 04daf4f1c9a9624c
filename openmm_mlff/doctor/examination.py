"""Check everything that a validation needs."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import entry_points

from openmm_mlff.config import GPU_PLATFORMS
from openmm_mlff.doctor.children import TrialOutcome, run_trial
from openmm_mlff.doctor.findings import Finding
from openmm_mlff.doctor.machine import Gpu, examine_compiler, nvidia_gpus
from openmm_mlff.doctor.packages import examine_packages, examine_python

_PLUGIN_GROUPS = ("openmm_mlff.checks", "openmm_mlff.potentials")
"""Literal, because the modules that define them import numpy, which may be missing."""

Trial = Callable[..., TrialOutcome]

NEEDED_PLATFORMS = ("Reference", "CPU")
_AT_ONCE = 2
_PLUGIN_REMEDY = (
    "run: pip install acellera-openmmtorch-cu13==1.10 'torch>=2.10,<2.13', or conda install -c "
    "conda-forge openmm-torch; not the distribution openmmtorch, whose 1.5 does not load"
)


def installed_plugins() -> list[tuple[str, str]]:
    """Return group and name of the entry points of third-party checks and potentials."""
    return sorted(
        {
            (entry.group, entry.name)
            for group in _PLUGIN_GROUPS
            for entry in entry_points(group=group)
        }
    )


def examine(
    *,
    trial: Trial = run_trial,
    gpus: Callable[[], list[Gpu]] = nvidia_gpus,
    plugins: Callable[[], list[tuple[str, str]]] = installed_plugins,
) -> list[Finding]:
    """Check Python, packages, platforms, devices, the reference, the compiler and plugins."""
    present = gpus()
    findings = [examine_python(), *examine_packages()]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        torch = pool.submit(trial, "torch")
        openmm = pool.submit(trial, "openmm")
        findings += judge_torch(torch.result(), gpus=present)
        listed = openmm.result()
        names = listed.data.get("platforms", [])
        outcomes = dict(zip(names, pool.map(partial(trial, "torchforce"), names), strict=True))
        reference = pool.submit(trial, "reference")
        offered = list(plugins())
        loaded = list(pool.map(lambda one: trial("plugin", *one), offered))
        findings += judge_platforms(listed, outcomes, has_gpu=bool(present))
        findings.append(judge_reference(reference.result()))
    findings.append(examine_compiler())
    findings += [
        judge_plugin(name, outcome) for (_, name), outcome in zip(offered, loaded, strict=True)
    ]
    return findings


def judge_torch(outcome: TrialOutcome, *, gpus: Sequence[Gpu]) -> list[Finding]:
    """Judge whether torch works, and on which devices."""
    if outcome.problem:
        return [
            Finding(
                "torch", "torch", "problem", outcome.problem, "run: pip install 'torch>=2.10,<2.13'"
            )
        ]
    data = outcome.data
    computes = Finding(
        "torch", "torch", "ok", f"{data['version']} computes, {data['threads']} threads"
    )
    seen = [
        Finding(
            "GPU",
            gpu["name"],
            "ok",
            f"torch computes on it; {gpu['free_mebibytes']:,} of {gpu['total_mebibytes']:,} MiB "
            "free",
        )
        for gpu in data["gpus"]
    ]
    if seen:
        return [computes, *seen]
    if gpus:
        gpu = gpus[0]
        return [
            computes,
            Finding(
                "GPU",
                gpu.name,
                "problem",
                f"there (driver {gpu.driver}, {gpu.total_mebibytes:,.0f} MiB), but torch does not "
                f"see it; torch is built for CUDA {data['built_for_cuda'] or 'no version'}",
                "CUDA 13 needs a driver of 580 or newer: bring the driver up to date, or install a "
                "torch for an older CUDA; see also CUDA_VISIBLE_DEVICES",
            ),
        ]
    return [computes, Finding("GPU", "NVIDIA GPU", "note", "none; runs on CPU or Reference")]


def judge_platforms(
    listed: TrialOutcome, outcomes: dict[str, TrialOutcome], *, has_gpu: bool
) -> list[Finding]:
    """Judge for each platform whether a TorchForce runs on it, or why it is missing.

    ``has_gpu``: whether there is an NVIDIA GPU, on which CUDA should work.
    """
    if listed.problem:
        return [
            Finding(
                "platforms",
                "OpenMM",
                "problem",
                listed.problem,
                "run: pip install 'openmm>=8.4,<8.7'",
            )
        ]
    findings = []
    for name in dict.fromkeys((*NEEDED_PLATFORMS, *GPU_PLATFORMS, *outcomes)):
        needed = name in NEEDED_PLATFORMS or (name == "CUDA" and has_gpu)
        remedy = listed.data["remedies"].get(name, "")
        if name not in outcomes:
            reason = listed.data["failures"].get(name)
            found = (
                f"its plugin does not load: {reason}" if reason else "its plugin is not installed"
            )
            findings.append(
                Finding("platforms", name, "problem" if needed else "note", found, remedy)
            )
        elif outcomes[name].problem:
            broken = f"loads, but a TorchForce does not run: {outcomes[name].problem}"
            advice = _PLUGIN_REMEDY if name in NEEDED_PLATFORMS else remedy
            findings.append(
                Finding("platforms", name, "problem" if needed else "note", broken, advice)
            )
        else:
            findings.append(Finding("platforms", name, "ok", "a TorchForce runs and is right"))
    return findings


def judge_plugin(name: str, outcome: TrialOutcome) -> Finding:
    """Judge whether a third-party check or potential loads; validations run without it."""
    if outcome.problem:
        return Finding(
            "plugins",
            name,
            "note",
            outcome.problem,
            "repair or reinstall the package that provides it",
        )
    return Finding("plugins", name, "ok", f"loads, from {outcome.data['package']}")


def judge_reference(outcome: TrialOutcome) -> Finding:
    """Judge whether the default reference works; nothing can be approved without one."""
    if outcome.problem:
        return Finding(
            "reference",
            "GFN2-xTB (tblite)",
            "problem",
            outcome.problem,
            "run: pip install 'openmm_mlff[reference]', or name another reference with --reference",
        )
    return Finding(
        "reference",
        "GFN2-xTB (tblite)",
        "ok",
        f"computes (water: {outcome.data['energy_ev']:.3f} eV)",
    )
