"""Forms of the spec strings that name potentials."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from openmm_mlff.errors import PotentialError
from openmm_mlff.options import OBJECT_PREFIX
from openmm_mlff.storage.files import missing
from openmm_mlff.storage.text import cut

SPEC_FORMS = (
    "student:original|tiny|ultra-tiny|water, PATH of a checkpoint or a TorchScript file (.pt, "
    ".pth, .ckpt, .safetensors), openmm-ml:NAME, openmm:FORCEFIELD.xml, or "
    "ase:MODULE:NAME?key=value"
)
BUILT_IN = ("ase:", OBJECT_PREFIX, "openmm-ml:", "openmm:", "student:")
ENTRY_POINTS = "openmm_mlff.potentials"
CHECKPOINT_SUFFIXES = {".pt", ".pth", ".ckpt", ".safetensors"}


def check_spec(spec: str) -> None:
    """Check the form of a spec, without importing what it names.

    Raises:
        PotentialError: it has no valid form.
    """
    path = Path(spec)
    is_file = bool(spec) and (path.suffix in CHECKPOINT_SUFFIXES or not missing(path))
    if not (spec.startswith(BUILT_IN) or is_file or installed_entries(spec)):
        raise PotentialError(f"unknown potential {cut(spec)!r}; expected {SPEC_FORMS}")


def installed_entries(spec: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of the name before the first colon of a spec."""
    name, colon, _ = spec.partition(":")
    return tuple(entry_points(group=ENTRY_POINTS, name=name)) if colon else ()
