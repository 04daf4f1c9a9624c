"""Choice of the OpenMM platform."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy.typing as npt
import openmm

from openmm_mlff.config import AUTO_PLATFORM, GPU_PLATFORMS, PRECISIONS, nearest
from openmm_mlff.errors import PlatformError
from openmm_mlff.simulation.contexts import make_context, warm_up
from openmm_mlff.simulation.devices import runs_on_gpu
from openmm_mlff.storage.text import one_line

CPU_PLATFORMS = ("CPU", "Reference")

_GAIN = 1.25
"""Reference is chosen unless CPU is faster by this: a choice must not depend on noise."""

_REINSTALL = "reinstall OpenMM: `pip install openmm` or `conda install -c conda-forge openmm`"
HOW_TO_GET = {
    "CUDA": "it needs an NVIDIA driver, and `pip install openmm-cuda-13` "
    "(openmm-cuda-12 for a driver older than 580) or `conda install -c conda-forge openmm`",
    "OpenCL": "it needs a graphics driver with OpenCL, and OpenMM from pip or conda-forge",
    "HIP": "it needs an AMD driver with ROCm, and `pip install openmm[hip6]`",
    "CPU": _REINSTALL,
    "Reference": _REINSTALL,
}

_TRIAL_TIMESTEP_PS = 1e-6
_TRIAL_BATCHES = 4
_TRIAL_STEPS = 10


@dataclass(frozen=True)
class PlatformChoice:
    """A platform of OpenMM, the properties of its Context, and why it was chosen."""

    name: str
    properties: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""

    @property
    def precision(self) -> str:
        """Single, mixed or double.

        For platforms without this property: Reference computes in double; CPU keeps positions and
        velocities in double and computes some of OpenMM's own forces in single.
        """
        return self.properties.get("Precision", "double" if self.name == "Reference" else "mixed")

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU; OpenCL may also run on a CPU."""
        return runs_on_gpu(self.name)

    @property
    def hands_over_single(self) -> bool:
        """Whether a force receives positions in single precision."""
        return self.name in GPU_PLATFORMS and self.precision != "double"


def usable_platforms(
    system: openmm.System, positions_angstrom: npt.ArrayLike
) -> list[PlatformChoice]:
    """Return every platform that can evaluate a System, GPU platforms in each precision.

    Positions are (N, 3).
    """
    choices = [
        named_platform(name, precision=precision)
        for name in available_platforms()
        if name in (*GPU_PLATFORMS, *CPU_PLATFORMS)
        for precision in (PRECISIONS if name in GPU_PLATFORMS else PRECISIONS[:1])
    ]
    return [choice for choice in choices if not _problem(system, positions_angstrom, choice)]


def available_platforms() -> list[str]:
    """Return the names of the platforms that OpenMM loaded; their device may still be missing."""
    return [
        openmm.Platform.getPlatform(index).getName()
        for index in range(openmm.Platform.getNumPlatforms())
    ]


def named_platform(name: str, *, precision: str = "mixed") -> PlatformChoice:
    """Return a platform by its case-insensitive name, without testing it.

    CPU and Reference ignore the precision.

    Raises:
        PlatformError: unknown platform or precision, or the platform is not installed.
    """
    if precision not in PRECISIONS:
        raise PlatformError(f"unknown precision {precision!r}; {nearest(precision, PRECISIONS)}")
    known = {platform.lower(): platform for platform in (*GPU_PLATFORMS, *CPU_PLATFORMS)}
    if name.lower() == "gpu":
        raise PlatformError(
            "'GPU' is not a platform of OpenMM; expected the platform of your device: "
            f"{', '.join(GPU_PLATFORMS)}, or without one {', '.join(CPU_PLATFORMS)}, or auto"
        )
    if name.lower() not in known:
        raise PlatformError(
            f"unknown platform {name!r}; {nearest(name, (AUTO_PLATFORM, *known.values()))}"
        )
    name = known[name.lower()]
    if name not in available_platforms():
        reason = load_failures().get(name)
        failure = f" (its plugin did not load: {reason})" if reason else ""
        raise PlatformError(
            f"platform {name} is not available{failure}; {HOW_TO_GET[name]}; or use --platform "
            f"auto, or one of {', '.join(available_platforms())}"
        )
    properties = {"Precision": precision} if name in GPU_PLATFORMS else {}
    return PlatformChoice(name=name, properties=properties, reason="requested")


def choose_platform(
    system: openmm.System,
    positions_angstrom: npt.ArrayLike,
    *,
    request: str = AUTO_PLATFORM,
    precision: str = "mixed",
) -> PlatformChoice:
    """Choose the platform for a System.

    ``auto`` is CUDA, then OpenCL, if a Context can be created on a GPU; else the faster of CPU and
    Reference, timed on this System (TorchScript models spend their time in torch, and the faster
    one depends on the molecule and the machine).  Positions are (N, 3).

    Raises:
        PlatformError: the requested platform or precision is unknown, missing or cannot run this
            System; or no platform can.
    """
    if request.lower() != AUTO_PLATFORM:
        choice = named_platform(request, precision=precision)
        problem = _problem(system, positions_angstrom, choice)
        if problem:
            raise PlatformError(
                f"platform {choice.name} cannot run this system: {problem}; "
                f"{HOW_TO_GET[choice.name]}; or use --platform auto"
            )
        return choice
    refusals = []
    for name in ("CUDA", "OpenCL"):
        if name not in available_platforms():
            continue
        choice = named_platform(name, precision=precision)
        problem = _problem(system, positions_angstrom, choice)
        if not problem and not choice.on_gpu:
            problem = "its device is not a GPU"
        if not problem:
            return PlatformChoice(
                name, choice.properties, f"{name} is available and runs the system"
            )
        refusals.append(f"{name}: {problem}")
    # An invalid precision is an error even if it is not used.
    named_platform("Reference", precision=precision)
    return _faster_on_cpu(system, positions_angstrom, refusals=refusals)


def _faster_on_cpu(
    system: openmm.System, positions_angstrom: npt.ArrayLike, *, refusals: list[str]
) -> PlatformChoice:
    """Return the faster of the platforms without a device."""
    times_ms: dict[str, float] = {}
    for name in CPU_PLATFORMS:
        choice = PlatformChoice(name)
        problem = _problem(system, positions_angstrom, choice)
        if problem:
            refusals.append(f"{name}: {problem}")
        else:
            times_ms[name] = _ms_per_step(system, positions_angstrom, choice)
    if not times_ms:
        raise PlatformError(
            f"no platform can run this system: {'; '.join(refusals)}; run: openmm-mlff doctor"
        )
    best = min(times_ms, key=lambda name: times_ms[name] * (1.0 if name == "Reference" else _GAIN))
    measured = ", ".join(f"{name} {value:.3g} ms/step" for name, value in times_ms.items())
    return PlatformChoice(best, {}, f"the faster platform of those that need no GPU ({measured})")


def _problem(
    system: openmm.System, positions_angstrom: npt.ArrayLike, choice: PlatformChoice
) -> str:
    """Return a one-line reason why a platform cannot run a System; empty if it can."""
    try:
        context = make_context(system, platform=choice, positions_angstrom=positions_angstrom)
        context.getState(energy=True, forces=True)
    except openmm.OpenMMException as error:
        return one_line(error)
    return ""


def _ms_per_step(
    system: openmm.System, positions_angstrom: npt.ArrayLike, choice: PlatformChoice
) -> float:
    """Return the time per step, ms: the fastest of several batches, to reduce noise."""
    # The timestep is too short to move anything; only the elapsed time matters.
    integrator = openmm.VerletIntegrator(_TRIAL_TIMESTEP_PS)
    context = make_context(
        system, integrator, platform=choice, positions_angstrom=positions_angstrom
    )
    warm_up(context)
    batches_s = []
    for _ in range(_TRIAL_BATCHES):
        start = time.perf_counter()
        integrator.step(_TRIAL_STEPS)
        # Stepping may be asynchronous; reading the energy waits for it.
        context.getState(energy=True)
        batches_s.append(time.perf_counter() - start)
    return 1000.0 * min(batches_s) / _TRIAL_STEPS


def load_failures() -> dict[str, str]:
    """Return why OpenMM failed to load the plugins of platforms, by platform."""
    failures = {}
    for failure in openmm.Platform.getPluginLoadFailures():
        path, _, reason = failure.partition(".so: ")
        name = path.rpartition("libOpenMM")[2]
        if name in (*GPU_PLATFORMS, *CPU_PLATFORMS):
            failures[name] = " ".join(reason.split())
    return failures
