"""`openmm-mlff new-protocol` and `init`: files to start from."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from openmm_mlff.cli.completion import complete_protocol
from openmm_mlff.cli.options import option
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import ConfigError
from openmm_mlff.options import check_spec
from openmm_mlff.storage.files import write_text
from openmm_mlff.students.shipped import check_checkpoint

REPOSITORY = "ci_of_a_model_repository"
_EXAMPLE = "student:tiny"
"""The potential that the example tests."""

Force = Annotated[bool, option("Overwrite existing files", "--force")]


def new_protocol_command(
    output: Annotated[Path, typer.Argument(metavar="MY.toml", help="The protocol to write")],
    *,
    extends: Annotated[
        str,
        typer.Option(
            help="Protocol to start from: a shipped one, or FILE.toml",
            autocompletion=complete_protocol,
        ),
    ] = "standard",
    force: Force = False,
) -> int:
    """Write a protocol of your own, with every setting of the one it extends as a comment."""
    if output.suffix != ".toml":
        raise ConfigError(f"{output} is no protocol; expected a name that ends in .toml")
    _refuse_existing([output], force=force)
    write_text(output, protocol_text(extends, name=output.stem))
    print(f"Wrote {output}; remove the # of what you change, then: --protocol {output}")
    return 0


def protocol_text(extends: str, *, name: str) -> str:
    """Return a protocol that extends another, with the settings of that as comments.

    Raises:
        ConfigError: there is no such protocol.
    """
    table = load_protocol(extends).model_dump(mode="json", exclude={"plugins"}, exclude_none=True)
    tables = {key: table.pop(key) for key in ("dynamics", "probes", "box") if key in table}
    criteria = table.pop("criteria")
    if extends.endswith(".toml"):
        extends = str(Path(extends).resolve())
    lines = [
        f"# What is not here is as in {extends}.",
        f"extends = {json.dumps(extends)}",
        f"name = {json.dumps(name)}",
        'description = "What it is for, in a sentence."',
        *_comments({key: table[key] for key in ("may_approve", "required", "reported")}),
    ]
    for key, values in tables.items():
        lines += ["", f"[{key}]", *_comments(values)]
    for check, thresholds in criteria.items():
        lines += ["", f"[criteria.{check}]", *_comments(thresholds)]
    return "\n".join(lines) + "\n"


def _comments(table: Mapping[str, Any]) -> Iterator[str]:
    return (f"# {key} = {_toml(value)}" for key, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{key} = {_toml(one)}" for key, one in value.items())
        return f"{{ {inside} }}"
    # Numbers, strings and lists of them are the same in JSON.
    return json.dumps(value, ensure_ascii=False)


def init_command(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Potential of the repository, e.g. model.pt")
    ],
    folder: Annotated[Path, typer.Argument(help="The repository")] = Path(),
    *,
    force: Force = False,
) -> int:
    """Write the CI of a model repository: pytest settings, tests, and a workflow for GitHub."""
    check_spec(model)
    check_checkpoint(model)
    source = _example()
    files = [path.relative_to(source) for path in sorted(source.rglob("*")) if path.is_file()]
    files = [file for file in files if file.name != "README.md" and "__pycache__" not in file.parts]
    _refuse_existing([folder / file for file in files], force=force)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / file, folder / file)
        print(f"Wrote {folder / file}")
    settings = folder / "pytest.ini"
    write_text(settings, settings.read_text("utf-8").replace(_EXAMPLE, model))
    print("Name your molecules in pytest.ini, then: pip install pytest, and pytest")
    return 0


def _example() -> Path:
    """Return the example repository of an installed wheel or of a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "examples" / REPOSITORY, package.parent / "examples" / REPOSITORY):
        if folder.is_dir():
            return folder
    raise ConfigError(
        f"no folder examples/{REPOSITORY} in {package} or beside it: the installation is "
        "incomplete; reinstall openmm_mlff"
    )


def _refuse_existing(paths: list[Path], *, force: bool) -> None:
    for path in paths:
        if path.exists() and not force:
            raise ConfigError(f"{path} exists; add --force to overwrite it, or name another folder")
