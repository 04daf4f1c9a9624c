"""Options that the constructor of a calculator accepts, derived from its source code."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

from ase.calculators.calculator import BaseCalculator, Calculator, FileIOCalculator

from openmm_mlff.config import nearest
from openmm_mlff.errors import PotentialError

_METHODS = {"TBLite": ("GFN1-xTB", "GFN2-xTB", "IPEA1-xTB")}
"""Methods of calculators that validate them only when they compute, late in a validation."""


def check_options(
    factory: Callable[..., BaseCalculator], options: dict[str, Any], *, spec: str
) -> None:
    """Check that a calculator accepts its options, if this can be determined."""
    name = getattr(factory, "__name__", type(factory).__name__)
    known = known_options(factory)
    unknown = [key for key in options if known is not None and key not in known]
    if known is not None and unknown:
        hint = nearest(unknown[0], known) if known else "it has none"
        raise PotentialError(f"{spec}: {name} has no option {unknown[0]!r}; {hint}")
    methods = _METHODS.get(name, ())
    method = options.get("method")
    if methods and method is not None and method not in methods:
        raise PotentialError(f"{spec}: {name} has no such method; {nearest(str(method), methods)}")


def known_options(factory: Callable[..., Any]) -> list[str] | None:
    """Return the names of the options of a class or function; None if they cannot be determined.

    ASE's `Calculator` stores every keyword, used or not, so a misspelt one would have no effect.
    """
    if not isinstance(factory, type):
        named, rest = _parameters(factory)
        return None if rest else named
    # Calculators of external programs accept any keyword of the input file.
    if issubclass(factory, FileIOCalculator):
        return None
    found: list[str] = []
    for made in factory.__mro__:
        if made is Calculator:
            return _of_ase(factory, found)
        if made in (BaseCalculator, object):
            break
        constructor = vars(made).get("__init__")
        if constructor is None:
            continue
        named, rest = _parameters(constructor)
        found += named
        if rest is None:
            return found
        if not _hands_on(constructor, rest):
            return None
    return None


def _of_ase(factory: type[Any], found: list[str]) -> list[str] | None:
    """Add the options of ASE's own constructor; None if the class may read any other."""
    listed = list(factory.default_parameters)
    ours = [*found, *_parameters(Calculator.__init__)[0]]
    if listed:
        return [*listed, *ours]
    own = factory.__mro__[: factory.__mro__.index(Calculator)]
    sources = [_source(made) for made in own]
    if any(text is None or _READS_PARAMETERS.search(text) for text in sources):
        return None
    return ours


_READS_PARAMETERS = re.compile(r"\.parameters\b|\bdef set\(")


def _parameters(function: Callable[..., Any]) -> tuple[list[str], str | None]:
    """Return the named parameters of a function, and the name of its ``**kwargs``."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return [], "kwargs"
    named = [one.name for one in found if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    rest = [one.name for one in found if one.kind is one.VAR_KEYWORD]
    return [name for name in named if name != "self"], rest[0] if rest else None


def _hands_on(constructor: Callable[..., Any], rest: str) -> bool:
    """Return whether a constructor uses its ``**kwargs`` only to pass them to its parent's."""
    text = _source(constructor)
    if text is None:
        return False
    tree = ast.parse(textwrap.dedent(text))
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == rest]
    handed = [
        keyword.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "__init__"
        for keyword in call.keywords
        if keyword.arg is None
    ]
    return all(use in handed for use in uses)


def _source(made: Any) -> str | None:
    try:
        return inspect.getsource(made)
    except (OSError, TypeError):
        return None
