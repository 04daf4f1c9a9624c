"""A validation as it is asked for, before anything is loaded."""

from pathlib import Path

from openmm_mlff.config import AUTO_REFERENCE, NO_OPTIONS, Frozen, PotentialOptions
from openmm_mlff.errors import PotentialError
from openmm_mlff.pipeline.preparing import Plan, prepare


class ValidationRequest(Frozen):
    """What :func:`openmm_mlff.pipeline.preparing.prepare` is called with, as plain values."""

    potential: str
    systems: tuple[str, ...]
    protocol: str = "standard"
    reference: str = AUTO_REFERENCE
    platform: str = "auto"
    precision: str = "mixed"
    seed: int = 1
    output: Path | None = None
    resume: bool = False
    options: PotentialOptions = NO_OPTIONS
    replicas: int | None = None
    charge: int | None = None
    multiplicity: int | None = None
    joins: bool = False
    plugins: tuple[str, ...] = ()

    def prepare(self) -> Plan:
        """Load and check all of it; see :func:`openmm_mlff.pipeline.preparing.prepare`.

        Returns:
            The plan.

        Raises:
            PotentialError: code of the potential asked to leave the process.
        """
        try:
            return prepare(**{name: getattr(self, name) for name in type(self).model_fields})
        except SystemExit as error:
            # Its exit code must not become this program's.
            raise PotentialError(
                f"{self.potential} asked to leave the process (exit code {error.code}) while it "
                "was loaded; expected a potential that can be evaluated"
            ) from error
