"""What is found: check results, verdict and report, with JSON both ways (schema version 1)."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator


class Status(str, Enum):
    """Outcome of one check."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"


class VerdictStatus(str, Enum):
    """Outcome of a validation."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    INCONCLUSIVE = "INCONCLUSIVE"


EXIT_CODES = {
    VerdictStatus.APPROVED: 0,
    VerdictStatus.REJECTED: 1,
    VerdictStatus.INCONCLUSIVE: 3,
}


def first_problem(error: ValidationError) -> str:
    """Say where a table is not what it should be, and how, of what pydantic found first."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']}"


def jsonable(value: Any) -> Any:
    """Turn NumPy values, tuples and mappings into plain JSON; what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(item) for item in value]
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value


class Record(BaseModel):
    """Base of everything written to `report.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class CheckResult(Record):
    """What one check found on one system under one condition.

    Attributes:
        id: as in the registry of checks.
        group: parity, surface, dynamics, accuracy or performance.
        system: name of the molecule.
        condition: temperature, timestep and the like; empty where the check has none.
        status: the outcome.
        required: whether the verdict rests on it.
        value: the number compared with the threshold, None where none was measured.
        unit: of value and threshold.
        threshold: None for checks that only report.
        message: one sentence a chemist understands.
        evidence: further numbers; a traceback where the status is ERROR.
    """

    id: str
    group: str
    system: str
    condition: dict[str, Any] = Field(default_factory=dict)
    status: Status
    required: bool = True
    value: float | None = None
    unit: str = ""
    threshold: float | None = None
    message: str
    evidence: dict[str, Any] = Field(default_factory=dict)

    @field_validator("value", "threshold", mode="before")
    @classmethod
    def _finite_or_none(cls, value: Any) -> Any:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            # None, or what is no number, which is said where types are checked.
            return value
        return number if np.isfinite(number) else None

    @field_validator("evidence", "condition", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return jsonable(value)


class ModelRecord(Record):
    """Which model was judged."""

    spec: str
    name: str
    sha256: str
    n_parameters: int | None = None


class Scope(Record):
    """What was tested, and so what an approval covers."""

    elements: tuple[str, ...]
    systems: tuple[str, ...]
    temperatures_kelvin: tuple[float, ...]
    max_timestep_fs: float
    duration_ps: float
    platform: str
    precision: str


class Verdict(Record):
    """The one verdict that every output prints.

    Attributes:
        status: APPROVED, REJECTED or INCONCLUSIVE.
        reasons: why, the gravest first.
        failure_modes: what would go wrong in production, in plain words; empty when approved.
        recommendation: recommended use.
        next_step: what to do now.
        scope: what was tested.
    """

    status: VerdictStatus
    reasons: tuple[str, ...]
    failure_modes: tuple[str, ...] = ()
    recommendation: str
    next_step: str = ""
    scope: Scope


class ValidationReport(Record):
    """All of `report.json`."""

    schema_version: Literal[1] = 1
    model: ModelRecord
    protocol: dict[str, Any]
    environment: dict[str, Any]
    systems: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    verdict: Verdict

    @property
    def exit_code(self) -> int:
        """0 APPROVED, 1 REJECTED, 3 INCONCLUSIVE."""
        return EXIT_CODES[self.verdict.status]

    def to_json(self) -> str:
        """Write the report as JSON text."""
        return self.model_dump_json(indent=1)

    @classmethod
    def from_json(cls, text: str) -> "ValidationReport":
        """Read what :meth:`to_json` wrote.

        Args:
            text: JSON.

        Returns:
            The report.

        Raises:
            pydantic.ValidationError: the text is no report of this schema.
        """
        return cls.model_validate_json(text)


def report_schema() -> dict[str, Any]:
    """Give the JSON Schema of `report.json`; it also stands in `report/report.schema.json`."""
    return ValidationReport.model_json_schema()
