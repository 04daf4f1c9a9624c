"""Base class of JSON records, and conversion of NumPy values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError


def first_problem(error: ValidationError) -> str:
    """Return the field and the message of the first validation error."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']}"


def jsonable(value: Any) -> Any:
    """Convert NumPy values, tuples and mappings to plain JSON; non-finite numbers become null."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value


class Record(BaseModel):
    """Base of the records in `report.json`: immutable, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())
