"""PyTorch functions compiled ahead of time (AOTInductor), kept on disk between runs.

One function of positions of one fixed shape becomes one shared library, which runs without the
interpreter, without guards and without a tape.  A C++ compiler is needed once, where the library
is made.
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

EnergyAndGradient = Callable[..., tuple[Tensor, Tensor]]
"""From positions (N, 3), and a box (3, 3) where there is one, to dE/dx (N, 3) and E."""


class _Traced(nn.Module):
    """A traced graph as `torch.export` wants it: a module with a `forward` of named tensors."""

    def __init__(self, graph: nn.Module) -> None:
        super().__init__()
        self.traced = graph

    def forward(self, *asked: Tensor) -> Any:
        """Run the graph."""
        return self.traced(*asked)


def compile_ahead(function: EnergyAndGradient, *asked: Tensor) -> EnergyAndGradient:
    """Compile a function of positions for their shape, this processor and torch's threads.

    What was compiled before is loaded: a library is found again by the operations, the weights,
    the shapes, the version of torch, the threads and the processor.

    Args:
        function: gives dE/dx and E; traced once, so without branches on values.
        asked: positions, and a box where there is one, of the shapes to come.

    Returns:
        The same function, compiled.

    Raises:
        RuntimeError: no compiler, or what it or torch could not do.
    """
    from torch.fx.experimental.proxy_tensor import make_fx

    graph = make_fx(function)(*asked)
    package = compiled_folder() / f"{_address(graph, asked)}.pt2"
    if not package.exists():
        _build(graph, asked, package)
    model = torch._inductor.aoti_load_package(str(package))

    def compiled(*positions: Tensor) -> tuple[Tensor, Tensor]:
        gradient, energy = model(*positions)
        return gradient, energy

    return compiled


def compiled_folder() -> Path:
    """Give the folder of compiled functions, within torch's own (`TORCHINDUCTOR_CACHE_DIR`)."""
    from torch._inductor.runtime.cache_dir_utils import cache_dir

    folder = Path(cache_dir()) / "openmm_mlff"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _build(graph: nn.Module, asked: tuple[Tensor, ...], package: Path) -> None:
    """Compile into a file of its own, which takes its place whole: others may do the same."""
    with tempfile.TemporaryDirectory(dir=package.parent) as folder, _quiet():
        exported = torch.export.export(_Traced(graph), asked)
        fresh = torch._inductor.aoti_compile_and_package(
            exported, package_path=str(Path(folder) / "model.pt2")
        )
        os.replace(fresh, package)


def _address(graph: Any, asked: tuple[Tensor, ...]) -> str:
    """Hash all that a compiled function depends on."""
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
    """Keep from users what torch says of CUDA that is not asked for, and of its own future."""
    speaker = logging.getLogger("torch.utils.cpp_extension")
    level = speaker.level
    speaker.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        speaker.setLevel(level)
