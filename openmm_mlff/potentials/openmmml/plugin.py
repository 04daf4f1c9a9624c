"""Factories behind the entry points ``openmmml.potentials``.

>>> system = MLPotential("student-original").createSystem(topology, precision="double")
>>> potential = MLPotential("mlff-torchscript", path="model.pt", energy_unit="eV")
"""

from typing import Any

from openmmml.mlpotential import MLPotentialImplFactory
from pydantic import ValidationError

from openmm_mlff.errors import PotentialError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.potentials.openmmml.impl import PotentialImpl
from openmm_mlff.potentials.registry import load_potential

STUDENT_PREFIX = "student-"


class StudentFactory(MLPotentialImplFactory):
    """The shipped students: ``student-original``, ``-tiny``, ``-ultra-tiny`` and ``-water``."""

    def createImpl(  # noqa: N802  # openmm-ml's name
        self, name: str, *, backend: str = "torchforce", compiled: bool = False
    ) -> PotentialImpl:
        """Load the student; see :class:`openmm_mlff.options.PotentialOptions`.

        ``backend`` is ``torchforce`` or ``python``; ``compiled`` compiles the latter ahead of time.

        Raises:
            CheckpointError: there is no such student.
            PotentialError: an option has an invalid value.
        """
        options = _checked_options(name, backend=backend, compiled=compiled)
        spec = f"student:{name.removeprefix(STUDENT_PREFIX)}"
        return PotentialImpl(load_potential(spec, options=options))


class FileFactory(MLPotentialImplFactory):
    """A TorchScript file or a checkpoint: ``mlff-torchscript``."""

    def createImpl(  # noqa: N802
        self,
        name: str,
        path: str | None = None,
        *,
        contract: str | None = None,
        energy_unit: str | None = None,
        length_unit: str | None = None,
        parameters: dict[str, float] | None = None,
        backend: str = "torchforce",
        compiled: bool = False,
    ) -> PotentialImpl:
        """Load the file; see :class:`openmm_mlff.options.PotentialOptions`.

        ``contract``, ``energy_unit`` and ``length_unit`` are for TorchScript files whose signature
        is ambiguous; ``parameters`` are their global parameters, by name. ``backend`` is
        ``torchforce`` or ``python``; ``compiled`` compiles the latter ahead of time.

        Raises:
            PotentialError: no path was given, or an option has an invalid value.
            CheckpointError: the file cannot be loaded.
        """
        if path is None:
            raise PotentialError(
                f'{name} needs a file; call MLPotential("{name}", path="model.pt")'
            )
        options = _checked_options(
            name,
            contract=contract,
            energy_unit=energy_unit,
            length_unit=length_unit,
            parameters=parameters or {},
            backend=backend,
            compiled=compiled,
        )
        return PotentialImpl(load_potential(str(path), options=options))


def _checked_options(name: str, **values: Any) -> PotentialOptions:
    """Validate options, with a one-line error for invalid values."""
    try:
        return PotentialOptions(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PotentialError(
            f"{name}: {where}={first['input']!r} is not valid ({first['msg']}); correct it"
        ) from error
