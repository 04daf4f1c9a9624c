"""Typed records: frozen dataclasses with shape-checked arrays, stored as JSON and NPZ.

A field declared with :func:`array` names its axes; an axis name has one length within a record::

    @record
    class Record:
        force_changes: np.ndarray = array("rotations", "geometries", "N", 3)
        reasons: tuple[str, ...] = ()
"""

import dataclasses
import math
from collections.abc import Hashable, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, cast, dataclass_transform, get_type_hints

import numpy as np
from pydantic import BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from openmm_mlff.config import first_problem
from openmm_mlff.errors import RunDirectoryError

R = TypeVar("R")
_AXES = "axes"
_REQUIRED = object()
_ANY_TYPE = ConfigDict(arbitrary_types_allowed=True)
# Runs of earlier releases have a null for a number that is not finite.
_OLD_FLOAT = Annotated[float, BeforeValidator(lambda value: math.nan if value is None else value)]


def array(*axes: str | int, default: Any = _REQUIRED) -> Any:
    """Declare an array field of a record.

    Args:
        *axes: a name, or a fixed length, for each axis.
        default: None if the array may be absent.
    """
    if default is _REQUIRED:
        return dataclasses.field(metadata={_AXES: axes})
    return dataclasses.field(default=default, metadata={_AXES: axes})


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(array, dataclasses.field)
)
def record(cls: type[R]) -> type[R]:
    """Make a class a frozen, keyword-only dataclass that checks the shapes of its arrays."""
    cls.__post_init__ = _check_shapes  # type: ignore[attr-defined]
    return dataclasses.dataclass(frozen=True, kw_only=True, eq=False)(cls)


def _check_shapes(self: Any) -> None:
    lengths: dict[str, int] = {}
    for field in dataclasses.fields(self):
        axes, value = field.metadata.get(_AXES), getattr(self, field.name)
        if axes is None or value is None:
            continue
        if not isinstance(value, np.ndarray):
            value = np.asarray(value)
            object.__setattr__(self, field.name, value)
        fits = value.ndim == len(axes) and all(
            length == (axis if isinstance(axis, int) else lengths.setdefault(axis, length))
            for axis, length in zip(axes, value.shape, strict=True)
        )
        if not fits:
            expected = ", ".join(
                f"{axis}={lengths.get(axis, '?')}" if isinstance(axis, str) else str(axis)
                for axis in axes
            )
            raise ValueError(
                f"{type(self).__qualname__}.{field.name} has shape {value.shape}, expected "
                f"({expected})"
            )


def to_tables(value: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the values of a record for JSON, and its arrays for NPZ."""
    data, arrays = {}, {}
    for field in dataclasses.fields(value):
        entry = getattr(value, field.name)
        if _AXES not in field.metadata:
            data[field.name] = _spelled(entry)
        elif entry is not None:
            arrays[field.name] = entry
    return data, arrays


def _spelled(value: Any) -> Any:
    """Write floats that are not finite, which JSON lacks, as text that pydantic reads as floats."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = vars(value)
    if isinstance(value, Mapping):
        return {key: _spelled(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(entry) for entry in value]
    return value


def from_tables(
    cls: type[R], data: Mapping[str, Any], arrays: Mapping[str, np.ndarray], *, origin: str
) -> R:
    """Build a record from the values and arrays of :func:`to_tables`.

    ``origin`` is the file, for messages.

    Raises:
        RunDirectoryError: a field is missing, unknown, or of the wrong type or shape.
    """
    values: dict[str, Any] = dict(arrays)
    adapters = _adapters(cast("Hashable", cls))
    try:
        for name, value in data.items():
            values[name] = adapters[name].validate_python(value)
        return cls(**values)
    except ValidationError as error:
        found = first_problem(error)
    except KeyError as error:
        found = f"unknown field {error}"
    except (TypeError, ValueError) as error:
        found = str(error)
    raise RunDirectoryError(
        f"{origin} does not hold a {cls.__module__.rpartition('.')[2]} record ({found}); "
        "run the validation again"
    )


@cache
def _adapters(cls: Any) -> dict[str, TypeAdapter[Any]]:
    """Return the pydantic adapter of each field without axes."""
    hints = get_type_hints(cls)
    found = {}
    for field in dataclasses.fields(cls):
        hint = _OLD_FLOAT if hints[field.name] is float else hints[field.name]
        # A dataclass has its own configuration.
        config = None if dataclasses.is_dataclass(hint) else _ANY_TYPE
        if _AXES not in field.metadata:
            found[field.name] = TypeAdapter(hint, config=config)
    return found
