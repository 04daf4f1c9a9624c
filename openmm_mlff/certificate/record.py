"""`certificate.json`, bound to its contents by their hash."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from openmm_mlff.config import canonical_sha256
from openmm_mlff.errors import FileError, RunDirectoryError
from openmm_mlff.fingerprint import Fingerprint
from openmm_mlff.options import PotentialOptions
from openmm_mlff.reading import cut, read_json
from openmm_mlff.results import ClaimStatus, ModelRecord, Record, Scope, first_problem

CERTIFICATE_FILE = "certificate.json"
DIGEST = "sha256"
NOTICE = (
    "The field sha256 is the hash of everything else in this file, so that a change is noticed. "
    "It is not a signature: it does not say who made the file."
)


class SampleTolerance(Record):
    """How far a value may be off.

    Attributes:
        energy_ev_per_atom: of an energy.
        energy_relative: of an energy, added; float32 rounds large energies.
        force_ev_per_angstrom: of a component of a force.
    """

    energy_ev_per_atom: float = 2e-4
    energy_relative: float = 5e-7
    force_ev_per_angstrom: float = 1e-3


class Sample(Record):
    """Values at a few geometries of one system.

    Attributes:
        system: name of the molecule.
        atomic_numbers: of its atoms.
        charge: total charge.
        multiplicity: of the spin.
        cell_angstrom: box, rows; None where there is none.
        positions_angstrom: (G, N, 3).
        energies_ev: (G,).
        forces_ev_per_angstrom: (G, N, 3).
        source: the measurement of the run that they come from.
    """

    system: str
    atomic_numbers: list[int]
    charge: int
    multiplicity: int
    cell_angstrom: list[list[float]] | None
    positions_angstrom: list[list[list[float]]]
    energies_ev: list[float]
    forces_ev_per_angstrom: list[list[list[float]]]
    source: str


class CertifiedCheck(Record):
    """One result that the verdict rests on."""

    id: str
    system: str
    condition: dict[str, Any]
    value: float | None
    threshold: float | None
    unit: str
    status: str
    at_least: bool = False


class Certificate(Record):
    """All of `certificate.json`.

    Attributes:
        kind: tells the file from others.
        schema_version: of this layout.
        notice: what the hash is, and is not.
        model: spec, name, hash.
        fingerprint: files, parameters and packages that are the model.
        options: how the model was read and run.
        verdict: always APPROVED.
        label: of the verdict; says so where accuracy was not judged.
        claims: answers to sound and accurate.
        scope: what the approval covers.
        recommendation: the verdict's own sentence.
        protocol: its name.
        protocol_sha256: of all of it, thresholds included.
        reference: what was right.
        versions: of the packages that decide results.
        created: when, UTC.
        checks: required ones.
        tolerance: of the samples.
        samples: values to find again.
        sha256: of everything else.
    """

    kind: Literal["openmm-mlff certificate"] = "openmm-mlff certificate"
    schema_version: Literal[2] = 2
    notice: str = NOTICE
    model: ModelRecord
    fingerprint: Fingerprint
    options: PotentialOptions
    verdict: Literal["APPROVED"] = "APPROVED"
    label: str
    claims: dict[Literal["sound", "accurate"], ClaimStatus]
    scope: Scope
    recommendation: str
    protocol: str
    protocol_sha256: str
    reference: str | None
    versions: dict[str, str]
    created: str
    checks: tuple[CertifiedCheck, ...]
    tolerance: SampleTolerance = SampleTolerance()
    samples: tuple[Sample, ...]
    sha256: str = Field(default="")

    @property
    def is_intact(self) -> bool:
        """Whether the contents are those that were hashed."""
        return self.sha256 == self.digest()

    def digest(self) -> str:
        """Hash everything but the hash."""
        return canonical_sha256(self.model_dump(mode="json", exclude={DIGEST}))

    def sealed(self) -> "Certificate":
        """Give the same with its hash."""
        return self.model_copy(update={DIGEST: self.digest()})


def read_certificate(path: Path) -> tuple[Certificate, bool]:
    """Read a certificate.

    Args:
        path: of the file.

    Returns:
        The certificate, and whether the file is unchanged since it was written. The hash is taken
        of the file's own contents, so that a key added or renamed is noticed, too.

    Raises:
        RunDirectoryError: the file is missing, or is not a certificate of this version.
    """
    expected = (
        f"expected a {CERTIFICATE_FILE} that validate wrote beside the report of an approved model"
    )
    try:
        table = read_json(path)
    except FileError as error:
        raise RunDirectoryError(f"cannot read {cut(str(path))} ({error}); {expected}") from error
    try:
        certificate = Certificate.model_validate(table)
    except ValidationError as error:
        raise RunDirectoryError(
            f"{path} is not a certificate of schema version 2 ({first_problem(error)}); {expected}"
        ) from error
    rest = {key: value for key, value in table.items() if key != DIGEST}
    return certificate, canonical_sha256(rest) == certificate.sha256
