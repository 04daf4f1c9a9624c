"""Fingerprint of the parameters of a calculator or model."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import torch


def parameters_sha256(*holders: Any, given: Mapping[str, Any] | None = None) -> str | None:
    """Return the hash of all accessible parameters; None if there are none.

    Args:
        *holders: torch modules, and objects that hold them or have ASE's ``parameters``.
        given: options of the spec, already part of the identity and ignored.
    """
    digest = hashlib.sha256()
    count = 0
    for holder in holders:
        for name, data in (*_plain(holder, given or {}), *_tensors(holder)):
            digest.update(name.encode() + b"\0" + data + b"\n")
            count += 1
    return digest.hexdigest() if count else None


def model_version(calculator: Any) -> str:
    """Return the attribute ``version`` or ``model_version`` of a calculator or its model, or ""."""
    for holder in (calculator, getattr(calculator, "model", None)):
        for name in ("model_version", "version"):
            value = getattr(holder, name, None)
            if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                return str(value)
    return ""


def _plain(holder: Any, given: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Yield the plain values of ASE's ``parameters``."""
    table = getattr(holder, "parameters", None)
    if not isinstance(table, Mapping):
        return
    for name in sorted(str(key) for key in table):
        value = table.get(name)
        value = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
        if name in given:
            continue
        try:
            yield name, json.dumps(value, sort_keys=True).encode()
        except (TypeError, ValueError):  # Its representation may differ between processes.
            continue


def _tensors(holder: Any) -> Iterator[tuple[str, bytes]]:
    """Yield the tensors of the torch modules that an object is or holds."""
    for index, module in enumerate(_modules(holder)):
        for name, tensor in sorted(module.state_dict().items()):
            if not isinstance(tensor, torch.Tensor):
                continue
            kept = tensor.detach().cpu().contiguous()
            shape = f"{index}.{name} {kept.dtype} {tuple(kept.shape)}"
            yield shape, kept.reshape(-1).view(torch.uint8).numpy().tobytes()


def _modules(holder: Any) -> Iterator[torch.nn.Module]:
    if isinstance(holder, torch.nn.Module):
        yield holder
        return
    values: Iterable[Any] = getattr(holder, "__dict__", {}).values()
    for value in values:
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if isinstance(one, torch.nn.Module):
                yield one
