"""Python objects in a request, replaced by what names them.

Systems are written to files, so that worker processes, a resumed run and the command under "Repeat"
read them. A calculator that only this process can make is run without worker processes.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openmm_mlff.errors import ConfigError, MoleculeError, PotentialError, RunDirectoryError
from openmm_mlff.molecules.names import numbered_names
from openmm_mlff.molecules.objects import described, file_of_object, is_topology, packages_of
from openmm_mlff.options import OBJECT_PREFIX
from openmm_mlff.storage.files import write_text
from openmm_mlff.storage.run_directory import INPUTS

_ONLY_HERE = (
    "{}: only this process can make this calculator, and sandbox=True runs it in others; leave out "
    "sandbox, or name a class or a function: ase:MODULE:NAME?key=value"
)
_POTENTIALS = ("potential", "reference", "own_calculator")


@contextmanager
def named(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Replace the objects among the settings of a request by paths and spec strings.

    Systems are written to ``OUTPUT/inputs``, or ``runs/inputs`` without an output; the same object
    has the same path. If the block raises, new files are removed.

    Yields:
        The settings of a request.

    Raises:
        ConfigError: a sandbox was asked for, and only this process can make a calculator.
        MoleculeError: an object is not a system.
        PotentialError: an object is not a potential, or cannot be copied.
        RunDirectoryError: the folder cannot be written to.
    """
    folder = Path(given.get("output") or "runs") / INPUTS
    before = set(folder.rglob("*"))
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        settings = dict(given)
        for name in set(_POTENTIALS) & set(settings):
            settings[name] = spec = _spec(settings[name], name=name)
            if isinstance(spec, str) and spec.startswith(OBJECT_PREFIX):
                if settings.get("sandbox"):
                    raise ConfigError(_ONLY_HERE.format(name))
                settings["sandbox"] = False
        if "systems" in settings:
            settings["systems"] = _paths(settings["systems"], folder=folder)
        yield settings
    except BaseException:
        for path in sorted(set(folder.rglob("*")) - before, reverse=True):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
        for path in missing:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        raise


def _spec(given: Any, *, name: str) -> Any:
    """Return the spec string of a potential; None and text remain."""
    if isinstance(given, Path):
        return str(given)
    if isinstance(given, str) or (given is None and name != "potential"):
        return given
    if "ase" in packages_of(given):
        from openmm_mlff.potentials.objects import BaseCalculator, spec_of_calculator

        if isinstance(given, BaseCalculator):
            return spec_of_calculator(given)
    spec = getattr(given, "spec", "")
    hint = f"; give its spec {spec!r}" if isinstance(spec, str) and spec else ""
    raise PotentialError(
        f"{name} is {described(given)}; expected a spec string such as student:original, "
        f"best_model.pt, openmm-ml:NAME or ase:MODULE:NAME, a path, or an ASE calculator{hint}"
    )


def _paths(given: Any, *, folder: Path) -> tuple[Any, ...]:
    """Return the names and paths of systems; the objects among them are written."""
    # A topology with its positions is one system, and so is an ase.Atoms, which is a sequence.
    is_pair = isinstance(given, tuple) and len(given) == 2 and is_topology(given[0])
    is_several = isinstance(given, Sequence) and not isinstance(given, str) and not is_pair
    systems = tuple(given) if is_several else (given,)
    files = {}
    for index, system in enumerate(systems):
        if isinstance(system, (str, Path)):
            continue
        try:
            files[index] = file_of_object(system)
        except MoleculeError as error:
            where = f"systems[{index}]" if is_several else "systems"
            raise MoleculeError(f"{where}: {error}") from error
    names = numbered_names([file.name for file in files.values()])
    paths = {}
    for name, (index, file) in zip(names, files.items(), strict=True):
        paths[index] = folder / file.sha256[:8] / f"{name}{file.suffix}"
        try:
            write_text(paths[index], file.text)
        except OSError as error:
            raise RunDirectoryError(
                f"cannot write to {folder} ({error.strerror}); choose another output"
            ) from error
    return tuple(str(paths.get(index, system)) for index, system in enumerate(systems))
