"""ASE calculators of a Python session, and potentials of other packages, `NAME:ARGUMENT`."""

import copy
import hashlib
import inspect
import json
import pickle
import sys
import uuid
from typing import Any
from urllib.parse import quote, urlencode

from ase.calculators.calculator import BaseCalculator

from openmm_mlff.errors import PotentialError
from openmm_mlff.options import OBJECT_PREFIX, installed_entries
from openmm_mlff.potentials import ase
from openmm_mlff.potentials.base import Potential
from openmm_mlff.potentials.calculation import forget
from openmm_mlff.storage.text import one_line

_OF_RESULTS = ("atoms", "results")
"""Attributes of a calculator that belong to its last evaluation."""

_FAILURES = (pickle.PickleError, RecursionError, *ase.REFUSALS)
"""Exceptions of objects that cannot be copied or pickled, and of constructors."""

_held: dict[str, BaseCalculator] = {}


def spec_of_calculator(calculator: BaseCalculator) -> str:
    """Return the spec string of a calculator, without its last results.

    It is ``ase:MODULE:CLASS?key=value`` if that makes the same calculator anywhere. Otherwise the
    calculator is held, and its spec ``object:CLASS-HASH`` is valid in this process only.

    Raises:
        PotentialError: it cannot be copied.
    """
    kind = type(calculator)
    mine = copy.copy(calculator)
    forget(mine)
    spec = _by_class(mine)
    if spec:
        return spec
    try:
        mine = copy.deepcopy(mine)
    except _FAILURES as error:
        raise PotentialError(
            f"the calculator {kind.__name__} cannot be copied ("
            f"{one_line(error, with_type=True)}), as a check with a fresh one needs; name a class "
            "or a function that makes it instead: ase:MODULE:NAME?key=value"
        ) from error
    spec = f"{OBJECT_PREFIX}{kind.__name__}-{_digest(mine)}"
    _held[spec] = mine
    return spec


def held_potential(spec: str) -> ase.AsePotential:
    """Return the potential of a spec from :func:`spec_of_calculator`; it copies the calculator."""
    if spec not in _held:
        raise PotentialError(
            f"{spec} was a calculator of another Python session; give the calculator again, or "
            "name a class or a function that makes it: ase:MODULE:NAME?key=value"
        )
    mine = _held[spec]
    potential = ase.AsePotential(type(mine), {}, spec=spec, make=lambda **_: copy.deepcopy(mine))
    potential.name = spec.removeprefix(OBJECT_PREFIX)
    return potential


def load_installed(spec: str) -> Potential:
    """Load ``NAME:ARGUMENT`` from the installed entry point NAME, which has to exist.

    The factory is called with the argument and returns a `Potential` or an ASE calculator.

    Raises:
        PotentialError: the factory cannot be loaded, fails, or returns something else.
    """
    found = installed_entries(spec)
    argument = spec.partition(":")[2]
    try:
        factory = found[0].load()
        made = factory(argument)
    # Third-party code may raise anything.
    except (Exception, SystemExit) as error:
        said = one_line(error, with_type=True)
        raise PotentialError(
            f"{spec}: the plugin {found[0].value} cannot create it ({said}); repair or reinstall "
            "the package that provides it"
        ) from error
    if isinstance(made, Potential):
        return made
    if not isinstance(made, BaseCalculator):
        raise PotentialError(
            f"{spec}: its plugin returned a {type(made).__name__}; expected a Potential or an ASE "
            "calculator"
        )
    home = found[0].value.partition(":")[0]
    options = {"": argument}
    potential = ase.AsePotential(
        type(made), options, spec=spec, make=lambda **_: factory(argument), home=home
    )
    potential.name = spec.replace(":", "-")
    return potential


def _digest(calculator: BaseCalculator) -> str:
    """Return a short hash of content and source; another each time if there is none."""
    try:
        content = pickle.dumps(calculator) + inspect.getsource(type(calculator)).encode()
    except _FAILURES:
        content = uuid.uuid4().bytes
    return hashlib.sha256(content).hexdigest()[:8]


def _by_class(calculator: BaseCalculator) -> str:
    """Return ``ase:MODULE:CLASS?key=value`` if it makes the same calculator; empty otherwise."""
    kind = type(calculator)
    parameters = getattr(calculator, "parameters", None)
    found = getattr(sys.modules.get(kind.__module__), kind.__name__, None)
    # Other processes do not run the user's script or notebook.
    if found is not kind or kind.__module__ == "__main__" or not isinstance(parameters, dict):
        return ""
    usual = getattr(kind, "default_parameters", {})
    options = {
        name: value
        for name, value in parameters.items()
        if name not in usual or not _equal(value, usual[name])
    }
    texts = {name: _text(value) for name, value in options.items()}
    if any(not _equal(ase.option_of(text), options[name]) for name, text in texts.items()):
        return ""
    try:
        again = kind(**options)
    except _FAILURES:
        return ""
    names = {*vars(calculator), *vars(again)} - {*_OF_RESULTS}
    if not all(_equal(vars(calculator).get(name), vars(again).get(name)) for name in names):
        return ""
    query = urlencode(texts, quote_via=quote)
    return f"{ase.PREFIX}{kind.__module__}:{kind.__name__}{'?' if query else ''}{query}"


def _equal(one: Any, other: Any) -> bool:
    """Check whether two attributes are equal, or the first is made only when needed."""
    if inspect.ismethod(one) and inspect.ismethod(other):
        return one.__func__ is other.__func__
    try:
        return pickle.dumps(one) == pickle.dumps(other)
    except _FAILURES:
        return other is None


def _text(value: Any) -> str:
    is_plain = isinstance(value, (bool, int, float)) or value is None
    return json.dumps(value) if is_plain else str(value)
