"""Check results, verdict and report, with conversion from and to JSON (schema version 2)."""

import html
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from pydantic import Field, PrivateAttr, field_validator, model_validator

from openmm_mlff.claims import (
    EXIT_CODES,
    Claims,
    ClaimStatus,
    Reason,
    Record,
    Scope,
    Status,
    VerdictStatus,
)
from openmm_mlff.claims import MOST_SEVERE_FIRST as MOST_SEVERE_FIRST
from openmm_mlff.claims import Claim as Claim
from openmm_mlff.claims import MeasuredTemperature as MeasuredTemperature
from openmm_mlff.claims import limit_text as limit_text
from openmm_mlff.claims import quantity as quantity
from openmm_mlff.storage.files import jsonable

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION: Literal[2] = 2
"""Of `report.json`."""

_DECISIVE = {
    VerdictStatus.APPROVED: ClaimStatus.YES,
    VerdictStatus.REJECTED: ClaimStatus.NO,
    VerdictStatus.INCONCLUSIVE: ClaimStatus.UNDECIDED,
}
"""The status of the claims that decide a verdict."""


class CheckResult(Record):
    """Result of one check on one system at one condition.

    Attributes:
        id: as in the registry of checks.
        group: parity, surface, dynamics, accuracy or performance.
        system: name of the molecule.
        condition: temperature, timestep and the like; empty if the check has none.
        status: outcome.
        required: whether the verdict depends on it.
        value: number compared with the threshold; None if not measured.
        unit: of value and threshold.
        threshold: None for checks that only report.
        at_least: whether the threshold is a lower limit.
        message: one sentence for chemists.
        evidence: further numbers; a traceback if the status is ERROR.
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
    at_least: bool = False
    message: str
    evidence: dict[str, Any] = Field(default_factory=dict)

    def as_reason(self, *, lead: str = "") -> Reason:
        """Return the result as a reason of a claim; `lead` precedes the name of the check."""
        shared = Reason.model_fields.keys() & CheckResult.model_fields.keys()
        return Reason(check=self.id, lead=lead, **{name: getattr(self, name) for name in shared})

    @property
    def limit_used(self) -> float | None:
        """Fraction of the limit that is used: 1 at the limit, more beyond it.

        None if nothing is compared, or if a run reached its requested length, its largest value.
        """
        if self.value is None or self.threshold is None:
            return None
        if self.at_least and self.status is Status.PASS and self.value == self.threshold:
            return None
        above, below = abs(self.value), self.threshold
        if self.at_least:
            above, below = self.threshold, self.value
        if below > 0.0:
            return above / below
        return math.inf if above > 0.0 else 0.0

    @field_validator("value", "threshold", mode="before")
    @classmethod
    def _finite_or_none(cls, value: Any) -> Any:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            # None, or not a number: the type check reports it.
            return value
        return number if math.isfinite(number) else None

    @field_validator("evidence", "condition", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return jsonable(value)


class CheckResults(tuple[CheckResult, ...]):
    """All results; ``results["stability"]`` are those of one check, or of one system."""

    @overload  # type: ignore[override]
    def __getitem__(self, key: int) -> CheckResult: ...
    @overload
    def __getitem__(self, key: slice | str) -> "CheckResults": ...
    def __getitem__(self, key: int | slice | str) -> "CheckResult | CheckResults":
        """Return one result, some of them, or those of a check or a system.

        Raises:
            KeyError: no result has this check or system.
        """
        if isinstance(key, int):
            return super().__getitem__(key)
        if isinstance(key, slice):
            return CheckResults(super().__getitem__(key))
        found = CheckResults(result for result in self if key in (result.id, result.system))
        if not found:
            known = ", ".join(dict.fromkeys(result.id for result in self))
            raise KeyError(f"no check or system {key!r}; known checks: {known}")
        return found


class ModelRecord(Record):
    """Identity of the validated model."""

    spec: str
    name: str
    sha256: str
    n_parameters: int | None = None


class Verdict(Record):
    """The verdict, as printed by every output.

    Attributes:
        status: APPROVED, REJECTED or INCONCLUSIVE; follows from the claims.
        label: the status as printed, e.g. "APPROVED as sound (accuracy not judged)".
        claims: sound and accurate.
        recommendation: recommended use.
        next_step: recommended action.
        scope: conditions that were tested.
    """

    status: VerdictStatus
    label: str
    claims: Claims
    recommendation: str
    next_step: str = ""
    scope: Scope

    @model_validator(mode="after")
    def _follows_from_claims(self) -> "Verdict":
        if self.status is not self.claims.status:
            raise ValueError(
                f"status {self.status.value} does not follow from the claims; expected "
                f"{self.claims.status.value}"
            )
        return self

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The distinct reasons of the claims that decide the status, most severe first."""
        decisive = [claim for claim in self.claims.both if claim.status is _DECISIVE[self.status]]
        reasons = [reason for claim in decisive for reason in claim.reasons]
        return tuple(reason for k, reason in enumerate(reasons) if reason not in reasons[:k])

    @property
    def failure_modes(self) -> tuple[str, ...]:
        """Consequences in production; empty unless the verdict is REJECTED."""
        return tuple(mode for claim in self.claims.both for mode in claim.failure_modes)


class ValidationReport(Record):
    """Content of `report.json`."""

    schema_version: Literal[2] = SCHEMA_VERSION
    model: ModelRecord
    protocol: dict[str, Any]
    environment: dict[str, Any]
    systems: tuple[str, ...]
    checks: tuple[CheckResult, ...]
    verdict: Verdict
    _path: Path | None = PrivateAttr(default=None)

    @field_validator("checks")
    @classmethod
    def _by_name(cls, value: Iterable[CheckResult]) -> CheckResults:
        return CheckResults(value)

    @property
    def path(self) -> Path | None:
        """Folder of the run; None for a report that was read from text."""
        return self._path

    def at(self, path: Path) -> "ValidationReport":
        """Return a copy with the folder of its run."""
        placed = self.model_copy()
        placed._path = path
        return placed

    def __eq__(self, other: object) -> bool:
        """Compare the content, wherever it is."""
        return isinstance(other, ValidationReport) and self.model_dump() == other.model_dump()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return model, verdict and systems in one line."""
        systems = ", ".join(self.systems)
        return f"<ValidationReport {self.model.spec} on {systems}: {self.verdict.label}>"

    def _repr_html_(self) -> str:
        """Return the verdict and all results as a table, for notebooks."""
        columns = ("system", "id", "status", "message")
        rows = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape(str(getattr(one, column)))}</td>" for column in columns)
            + "</tr>"
            for one in sorted(self.checks, key=lambda one: MOST_SEVERE_FIRST.index(one.status))
        )
        head = "".join(f"<th>{column}</th>" for column in columns)
        return f"<p><b>{html.escape(repr(self))}</b></p><table><tr>{head}</tr>{rows}</table>"

    def to_dataframe(self) -> "pd.DataFrame":
        """Return a row for each result; needs pandas.

        Columns are the fields of :class:`CheckResult`, with each entry of the condition as a column
        of its own and without the evidence.
        """
        import pandas as pd

        rows = [
            one.model_dump(exclude={"condition", "evidence"}) | one.condition for one in self.checks
        ]
        return pd.DataFrame(rows)

    @property
    def exit_code(self) -> int:
        """0 APPROVED, 1 REJECTED, 3 INCONCLUSIVE."""
        return EXIT_CODES[self.verdict.status]

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return self.model_dump_json(indent=1)

    @classmethod
    def from_json(cls, text: str) -> "ValidationReport":
        """Read the text of :meth:`to_json`.

        Raises:
            pydantic.ValidationError: the text is not a report of this schema version.
        """
        return cls.model_validate_json(text)


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of `report.json`, also published as `report/report.schema.json`."""
    return ValidationReport.model_json_schema()
