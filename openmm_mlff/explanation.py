"""Errors of users' settings in one line: the field, what was got, and the nearest known key."""

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from openmm_mlff.storage.text import cut


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Return ``did you mean 'x'?`` or a list of the known words."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(sorted(known))}"


def first_problem(error: ValidationError) -> str:
    """Return the field and the message of the first error in a stored file."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']}"


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first error in the settings of a user, in one line; `model` validated them."""
    problem = error.errors()[0]
    location = ".".join(str(part) for part in problem["loc"])
    table = model
    for part in problem["loc"][:-1]:
        field = table.model_fields.get(str(part))
        table = (_model_in(field.annotation) if field else None) or table
    if problem["type"] == "extra_forbidden":
        key = str(problem["loc"][-1])
        return f"unknown key {location!r}; {nearest(key, list(table.model_fields))}"
    if problem["type"] == "missing":
        expected = table.model_fields[str(problem["loc"][-1])].description or "a value"
        return f"{location} is missing; expected {expected}"
    said = str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "expected")
    said = f"{location}: {said}" if location else said
    got = problem["input"]
    return said if isinstance(got, Mapping) else f"{said} (got {cut(repr(got))})"


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation contains, e.g. that of the values of a dictionary."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((one for one in map(_model_in, get_args(annotation)) if one), None)
