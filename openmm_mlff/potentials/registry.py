"""Load potentials by their spec string."""

from pathlib import Path

from openmm_mlff.errors import PotentialError
from openmm_mlff.options import (
    BUILT_IN,
    NO_OPTIONS,
    OBJECT_PREFIX,
    PotentialOptions,
    check_spec,
    installed_entries,
)
from openmm_mlff.potentials.base import Potential
from openmm_mlff.storage.text import cut


def load_potential(spec: str, *, options: PotentialOptions = NO_OPTIONS) -> Potential:
    """Load the potential of a spec string.

    Args:
        spec: ``student:NAME``, a path to a checkpoint or a TorchScript file, ``openmm-ml:NAME``,
            ``openmm:FORCEFIELD.xml,MORE.xml?key=value``, or ``ase:MODULE:NAME?key=value``.
        options: settings that the spec does not contain.

    Raises:
        PotentialError: the spec has no valid form.
        CheckpointError: the checkpoint cannot be loaded.
        MissingDependencyError: a package required by the spec is not installed.
    """
    check_spec(spec)
    if spec.startswith(BUILT_IN) or installed_entries(spec):
        _refuse_options_of_a_program(options, spec=spec)
    if spec.startswith("ase:"):
        from openmm_mlff.potentials.ase import AsePotential

        return AsePotential.from_spec(spec)
    if spec.startswith(OBJECT_PREFIX):
        from openmm_mlff.potentials.objects import held_potential

        return held_potential(spec)
    if spec.startswith("openmm-ml:"):
        from openmm_mlff.potentials.openmmml.foreign import OpenMMMLPotential

        return OpenMMMLPotential.from_spec(spec)
    if spec.startswith("openmm:"):
        from openmm_mlff.potentials.forcefield import ForceFieldPotential

        return ForceFieldPotential.from_spec(spec)
    if installed_entries(spec):
        from openmm_mlff.potentials.objects import load_installed

        return load_installed(spec)
    from openmm_mlff.potentials.student import StudentPotential
    from openmm_mlff.students.loading import is_torchscript
    from openmm_mlff.students.shipped import shipped_path

    if spec.startswith("student:"):
        return StudentPotential.from_file(
            shipped_path(spec.removeprefix("student:")), spec=spec, options=options
        )
    path = Path(spec)
    if is_torchscript(path):
        from openmm_mlff.potentials.torchscript import load_torchscript

        return load_torchscript(path, spec=spec, options=options)
    _refuse_options_of_a_program(options, spec=spec)
    return StudentPotential.from_file(path, spec=spec, options=options)


def _refuse_options_of_a_program(options: PotentialOptions, *, spec: str) -> None:
    """Raise if options of TorchScript files are set for another kind of potential."""
    for name in ("contract", "energy_unit", "length_unit", "parameters"):
        if getattr(options, name):
            option = "--parameter" if name == "parameters" else f"--{name.replace('_', '-')}"
            raise PotentialError(
                f"{option} was given, but {cut(spec)} is not a TorchScript file; leave it out"
            )
