"""`certificate.json`, sealed by the hash of its contents."""

from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from openmm_mlff.config import canonical_sha256, first_problem
from openmm_mlff.errors import FileError, RunDirectoryError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.results import ClaimStatus, ModelRecord, Record, Scope
from openmm_mlff.storage.files import read_json
from openmm_mlff.storage.fingerprint import Fingerprint
from openmm_mlff.storage.text import cut

CERTIFICATE_FILE = "certificate.json"
DIGEST = "sha256"
NOTICE = (
    "The field sha256 is the hash of all other fields, so that a change of the file is detected. "
    "It is not a signature: it does not identify the author."
)


class SampleTolerance(Record):
    """Allowed deviations from the certified values.

    Attributes:
        energy_relative: added to the tolerance per atom, because float32 rounds large energies.
        force_ev_per_angstrom: per component.
    """

    energy_ev_per_atom: float = 2e-4
    energy_relative: float = 5e-7
    force_ev_per_angstrom: float = 1e-3


class Sample(Record):
    """Values at a few geometries of one system.

    Attributes:
        cell_angstrom: box vectors as rows; None without a box.
        positions_angstrom: (G, N, 3).
        energies_ev: (G,).
        forces_ev_per_angstrom: (G, N, 3).
        source: the measurement of the run from which the values are taken.
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
    """One result on which the verdict depends."""

    id: str
    system: str
    condition: dict[str, Any]
    value: float | None
    threshold: float | None
    unit: str
    status: str
    at_least: bool = False


class Certificate(Record):
    """The contents of `certificate.json`.

    Attributes:
        notice: what the hash guarantees, and what it does not.
        fingerprint: files, parameters and packages that define the model.
        options: how the model was read and run.
        verdict: always APPROVED.
        label: of the verdict; states if accuracy was not judged.
        protocol_sha256: hash of the full protocol, including thresholds.
        versions: of the packages that affect results.
        checks: the required ones.
        sha256: hash of all other fields.
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
    sha256: str = ""

    def sealed(self) -> "Certificate":
        """Return a copy that includes the hash of all other fields."""
        digest = canonical_sha256(self.model_dump(mode="json", exclude={DIGEST}))
        return self.model_copy(update={DIGEST: digest})


def read_certificate(path: Path) -> tuple[Certificate, bool]:
    """Read a certificate, and check whether the file is unchanged since it was written.

    The hash covers the file's own contents, so that added or renamed keys are detected.

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
