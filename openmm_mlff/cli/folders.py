"""Folders of several potentials."""

from collections.abc import Sequence
from pathlib import Path

from openmm_mlff.molecules.names import numbered_names, safe_name


def output_folders(output: Path | None, specs: Sequence[str]) -> list[Path | None]:
    """Return a separate folder for each potential; None for new folders.

    No folder is outside `output`, and no two are the same.
    """
    if output is None or len(specs) == 1:
        return [output] * len(specs)
    short = [
        Path(spec.replace("student:", "").replace(":", "_").replace("?", "_")).stem
        for spec in specs
    ]
    names = numbered_names([safe_name(name, otherwise="potential") for name in short])
    return [output / name for name in names]
