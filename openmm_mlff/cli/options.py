"""Command-line options generated from the settings of a validation."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from openmm_mlff.cli.completion import (
    complete_platform,
    complete_precision,
    complete_protocol,
    complete_system,
)
from openmm_mlff.options import Setting
from openmm_mlff.request import ValidationRequest, settings

_COMPLETIONS = {
    "systems": complete_system,
    "protocol": complete_protocol,
    "platform": complete_platform,
    "precision": complete_precision,
}

POTENTIAL_HELP = str(ValidationRequest.model_fields["potential"].description)


def takes_settings(command: Callable[..., int]) -> Callable[..., int]:
    """Decorate a command so that every setting of a validation is an option.

    The command takes `settings`, the values by field name. The options precede its own keyword
    arguments.
    """
    offered = {_parameter_name(setting): setting for setting in settings()}

    @functools.wraps(command)
    def run(*args: Any, **given: Any) -> int:
        values = {name: given.pop(name) for name in offered if name in given}
        return command(*args, settings=_table(values, offered), **given)

    own = inspect.signature(command)
    parameters = [_parameter(name, setting) for name, setting in offered.items()]
    kept = [one for one in own.parameters.values() if one.name != "settings"]
    places = [one for one in kept if one.kind is not one.KEYWORD_ONLY]
    keywords = [one for one in kept if one.kind is one.KEYWORD_ONLY]
    ordered = [*places, *parameters, *keywords]
    run.__signature__ = own.replace(parameters=ordered)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in ordered}
    return run


def _parameter_name(setting: Setting) -> str:
    return setting.flag.removeprefix("--").replace("-", "_")


def _table(values: dict[str, Any], offered: dict[str, Setting]) -> dict[str, Any]:
    """Return the given values by field name, with those of options in a nested table."""
    table: dict[str, Any] = {"options": {}}
    for name, value in values.items():
        setting = offered[name]
        if value is None:
            continue
        target = table["options"] if len(setting.path) > 1 else table
        target[setting.path[-1]] = value
    return table


def _parameter(name: str, setting: Setting) -> inspect.Parameter:
    """Return a setting as a parameter that typer converts to an option."""
    default = setting.default
    plain = isinstance(default, (bool, int, float, str))
    flag = setting.flag
    if setting.kind is bool and default is None:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    option = typer.Option(
        flag,
        *([f"-{setting.option.short.removeprefix('-')}"] if setting.option.short else []),
        metavar=setting.option.metavar,
        help=setting.info.description,
        show_default=plain and not isinstance(default, bool),
        autocompletion=_COMPLETIONS.get(setting.path[-1]),
    )
    kind: Any = {list: list[str], Path: Path}.get(setting.kind, setting.kind)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default if plain else None,
        annotation=Annotated[kind if plain else kind | None, option],
    )
