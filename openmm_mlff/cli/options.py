"""Command-line options generated from the settings of a validation."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from openmm_mlff.cli.completion import (
    complete_platform,
    complete_precision,
    complete_protocol,
    complete_system,
)
from openmm_mlff.options import Setting
from openmm_mlff.request import ValidationRequest, settings, table_of

_COMPLETIONS = {
    "systems": complete_system,
    "protocol": complete_protocol,
    "platform": complete_platform,
    "precision": complete_precision,
}

_METAVARS: dict[Any, str] = {int: "<int>", float: "<float>"}

POTENTIAL_HELP = str(ValidationRequest.model_fields["potential"].description)


def option(text: str, *flags: str, **more: Any) -> Any:
    """Return an option of a command whose help states the default, if any."""
    return typer.Option(*flags, help=text, show_default=False, **more)


def takes_settings(command: Callable[..., int]) -> Callable[..., int]:
    """Decorate a command so that every setting of a validation is an option.

    The command takes `settings`, the values by field name. The options precede its own keyword
    arguments.
    """
    offered = {setting.name: setting for setting in settings()}

    @functools.wraps(command)
    def run(*args: Any, **given: Any) -> int:
        values = [(offered[name], given.pop(name)) for name in list(given) if name in offered]
        return command(*args, settings=table_of(values), **given)

    own = inspect.signature(command)
    parameters = [one for one in own.parameters.values() if one.name != "settings"]
    parameters += [_parameter(setting) for setting in offered.values()]
    parameters.sort(key=lambda one: (one.kind is one.KEYWORD_ONLY, one.name not in offered))
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _parameter(setting: Setting) -> inspect.Parameter:
    """Return a setting as a parameter that typer converts to an option."""
    default = setting.default
    plain = isinstance(default, (bool, int, float, str))
    flag = setting.flag
    if setting.kind is bool and default is None:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    option = typer.Option(
        flag,
        *([setting.option.short] if setting.option.short else []),
        metavar=setting.option.metavar or _METAVARS.get(setting.kind),
        help=setting.info.description,
        show_default=plain and not isinstance(default, bool),
        autocompletion=_COMPLETIONS.get(setting.path[-1]),
    )
    # Numbers are read with the other settings, whose errors show what was given.
    kind: Any = {list: list[str], int: str, float: str}.get(setting.kind, setting.kind)
    return inspect.Parameter(
        setting.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=kind(default) if plain else None,
        annotation=Annotated[kind if plain else kind | None, option],
    )
