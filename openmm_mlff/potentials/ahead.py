"""PyTorch functions compiled ahead of time (AOTInductor) and cached on disk.

A function of positions of one fixed shape becomes a shared library, which runs without the
interpreter, guards or autograd. A C++ compiler is needed only to build the library.
"""

import hashlib
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ONE_THREAD = False
"""Whether a compiled model may be called by one thread only."""

EnergyAndGradient = Callable[..., tuple[Tensor, Tensor]]
"""Maps positions (N, 3), and a box (3, 3) if periodic, to dE/dx (N, 3) and E."""


class _Traced(nn.Module):
    """Wrapper of a traced graph for `torch.export`, which needs a `forward` with named tensors."""

    def __init__(self, graph: nn.Module) -> None:
        super().__init__()
        self.traced = graph

    def forward(self, *asked: Tensor) -> Any:
        return self.traced(*asked)


def compile_ahead(function: EnergyAndGradient, *asked: Tensor) -> EnergyAndGradient:
    """Compile a function for one shape of positions, this processor and the current thread count.

    Libraries are cached by operations, weights, shapes, torch version, threads and processor. The
    function is traced once, so it must not branch on values.

    Raises:
        RuntimeError: there is no compiler, or tracing or compiling failed.
    """
    from torch.fx.experimental.proxy_tensor import make_fx

    graph = make_fx(function)(*asked)
    package = compiled_folder() / f"{_address(graph, asked)}.pt2"
    if not package.exists():
        _build(graph, asked, package)
    # aoti_load_package would first build test programs for 12 s, to compare the processor with that
    # of the package; here the address has it.
    model = torch._C._aoti.AOTIModelPackageLoader(str(package), "model", ONE_THREAD, 1, -1)

    def compiled(*positions: Tensor) -> tuple[Tensor, Tensor]:
        gradient, energy = model.boxed_run(list(positions))
        return gradient, energy

    return compiled


def compiled_folder() -> Path:
    """Return the folder of compiled functions, within that of torch (`TORCHINDUCTOR_CACHE_DIR`)."""
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    folder = Path(cache_dir()) / "openmm_mlff"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _build(graph: nn.Module, asked: tuple[Tensor, ...], package: Path) -> None:
    """Compile into a temporary file, then rename it: concurrent processes may do the same."""
    with tempfile.TemporaryDirectory(dir=package.parent) as folder, _quiet():
        exported = torch.export.export(_Traced(graph), asked)
        fresh = torch._inductor.aoti_compile_and_package(
            exported, package_path=str(Path(folder) / "model.pt2")
        )
        os.replace(fresh, package)


def _address(graph: Any, asked: tuple[Tensor, ...]) -> str:
    """Hash everything that a compiled function depends on."""
    processor = sorted(torch.cpu.get_capabilities().items())
    parts = [torch.__version__, torch.get_num_threads(), processor, graph.code]
    parts += [(tuple(tensor.shape), tensor.dtype) for tensor in asked]
    digest = hashlib.sha256(repr(parts).encode())
    for name, tensor in sorted([*graph.named_buffers(), *graph.named_parameters()]):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@contextmanager
def _quiet() -> Iterator[None]:
    """Suppress torch's warnings about unused CUDA devices and about future releases."""
    speaker = logging.getLogger("torch.utils.cpp_extension")
    level = speaker.level
    speaker.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        speaker.setLevel(level)
