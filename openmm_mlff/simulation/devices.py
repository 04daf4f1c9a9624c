"""Detect whether a platform runs on a GPU; OpenCL may also run on a CPU (pocl, Intel)."""

import ctypes
import ctypes.util
from functools import cache

import openmm

_PLATFORM_NAME, _DEVICE_NAME, _DEVICE_TYPE = 0x0902, 0x102B, 0x1000
_ALL_DEVICES, _GPU = 0xFFFFFFFF, 0x4
"""OpenCL constants from the Khronos header ``cl.h``."""

_MOST = 64
"""Platforms of a machine, and devices of a platform, that are queried."""


def runs_on_gpu(platform: str) -> bool:
    """Check whether a platform, by its OpenMM name, runs on a GPU on this machine."""
    return platform in ("CUDA", "HIP") or (platform == "OpenCL" and opencl_device_is_gpu())


@cache
def opencl_device_is_gpu() -> bool:
    """Check whether OpenMM's OpenCL device is a GPU; False without a device.

    OpenMM provides the names of platform and device, OpenCL the type of each device.
    """
    system = openmm.System()
    system.addParticle(1.0)
    try:
        platform = openmm.Platform.getPlatformByName("OpenCL")
        context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
    except openmm.OpenMMException:
        return False
    read = context.getPlatform().getPropertyValue
    taken = read(context, "OpenCLPlatformName"), read(context, "DeviceName")
    return taken in _gpus()


def _gpus() -> set[tuple[str, str]]:
    """Return platform and name of each OpenCL GPU."""
    try:
        # OpenMM has loaded the library, so its name suffices.
        library = ctypes.CDLL(ctypes.util.find_library("OpenCL") or "libOpenCL.so.1")
    except OSError:
        return set()
    platforms, count = (ctypes.c_void_p * _MOST)(), ctypes.c_uint()
    if library.clGetPlatformIDs(_MOST, platforms, ctypes.byref(count)):
        return set()
    found = set()
    for platform in map(ctypes.c_void_p, platforms[: count.value]):
        devices, of_platform = (ctypes.c_void_p * _MOST)(), ctypes.c_uint()
        kinds = ctypes.c_ulonglong(_ALL_DEVICES)
        if library.clGetDeviceIDs(platform, kinds, _MOST, devices, ctypes.byref(of_platform)):
            continue
        name = _text(library.clGetPlatformInfo, platform, _PLATFORM_NAME)
        for device in map(ctypes.c_void_p, devices[: of_platform.value]):
            kind = ctypes.c_ulonglong()
            library.clGetDeviceInfo(device, _DEVICE_TYPE, 8, ctypes.byref(kind), None)
            if kind.value & _GPU:
                found.add((name, _text(library.clGetDeviceInfo, device, _DEVICE_NAME)))
    return found


def _text(ask: "ctypes._NamedFuncPointer", of: ctypes.c_void_p, what: int) -> str:
    """Return a string property of a platform or device."""
    text = ctypes.create_string_buffer(1024)
    ask(of, what, ctypes.c_size_t(len(text)), text, None)
    return text.value.decode(errors="replace")
