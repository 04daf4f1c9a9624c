"""Check results, verdict and report, with JSON both ways (schema version 2)."""

import math
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from openmm_mlff.claims import (
    EXIT_CODES,
    MOST_SEVERE_FIRST,
    Claim,
    Claims,
    ClaimStatus,
    Reason,
    Status,
    VerdictStatus,
    limit_text,
    place,
    quantity,
)
from openmm_mlff.jsonable import Record, first_problem, jsonable

__all__ = [
    "EXIT_CODES",
    "MOST_SEVERE_FIRST",
    "SCHEMA_VERSION",
    "CheckResult",
    "Claim",
    "ClaimStatus",
    "Claims",
    "MeasuredTemperature",
    "ModelRecord",
    "Reason",
    "Record",
    "Scope",
    "Status",
    "ValidationReport",
    "Verdict",
    "VerdictStatus",
    "first_problem",
    "jsonable",
    "limit_text",
    "place",
    "quantity",
    "report_schema",
]

SCHEMA_VERSION: Literal[2] = 2
"""Of `report.json`."""


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
        at_least: whether the value must reach the threshold instead of staying within it.
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
    at_least: bool = False
    message: str
    evidence: dict[str, Any] = Field(default_factory=dict)

    def as_reason(self, *, lead: str = "") -> Reason:
        """Return the result as a reason of a claim.

        Args:
            lead: words to put before the check's name.

        Returns:
            The reason.
        """
        return Reason(
            check=self.id,
            system=self.system,
            condition=self.condition,
            status=self.status,
            value=self.value,
            unit=self.unit,
            threshold=self.threshold,
            at_least=self.at_least,
            lead=lead,
            message=self.message,
        )

    @property
    def limit_used(self) -> float | None:
        """How much of its limit it uses: 1 is at the limit, more is beyond it.

        None where nothing is compared, or where a run lasted as long as was asked, which it cannot
        exceed.
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


class MeasuredTemperature(Record):
    """The mean kinetic temperature of the dynamics of one system.

    Attributes:
        system: name of the molecule.
        asked_kelvin: what was asked for.
        mean_kelvin: over all NVE runs at that temperature.
        interval_kelvin: half the 95 % interval of the mean.
        runs: number of runs.
    """

    system: str
    asked_kelvin: float
    mean_kelvin: float
    interval_kelvin: float
    runs: int

    def text(self) -> str:
        """Return the system, the mean and its interval."""
        return f"{self.system} {self.mean_kelvin:.0f} ± {self.interval_kelvin:.0f} K"


class Scope(Record):
    """What was tested, and so what an approval covers.

    Attributes:
        measured_temperatures: what the dynamics had; empty in reports of earlier versions.
    """

    elements: tuple[str, ...]
    systems: tuple[str, ...]
    temperatures_kelvin: tuple[float, ...]
    max_timestep_fs: float
    duration_ps: float
    platform: str
    precision: str
    measured_temperatures: tuple[MeasuredTemperature, ...] = ()


class Verdict(Record):
    """The one verdict that every output prints.

    Attributes:
        status: APPROVED, REJECTED or INCONCLUSIVE; follows from the claims.
        label: the status in the words to print, e.g. "APPROVED as sound (accuracy not judged)".
        claims: sound and accurate.
        recommendation: recommended use.
        next_step: what to do now.
        scope: what was tested.
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
        """The reasons of the claims that decide the status, the most severe first, each once."""
        decisive = [claim for claim in self.claims.both if claim.status is self._deciding_answer]
        reasons = [reason for claim in decisive for reason in claim.reasons]
        return tuple(reason for k, reason in enumerate(reasons) if reason not in reasons[:k])

    @property
    def failure_modes(self) -> tuple[str, ...]:
        """What would go wrong in production; empty unless the verdict is REJECTED."""
        return tuple(mode for claim in self.claims.both for mode in claim.failure_modes)

    @property
    def _deciding_answer(self) -> ClaimStatus:
        return {
            VerdictStatus.APPROVED: ClaimStatus.YES,
            VerdictStatus.REJECTED: ClaimStatus.NO,
            VerdictStatus.INCONCLUSIVE: ClaimStatus.UNDECIDED,
        }[self.status]


class ValidationReport(Record):
    """All of `report.json`."""

    schema_version: Literal[2] = SCHEMA_VERSION
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
        """Return the report as JSON text."""
        return self.model_dump_json(indent=1)

    @classmethod
    def from_json(cls, text: str) -> "ValidationReport":
        """Read what :meth:`to_json` wrote.

        Args:
            text: JSON.

        Returns:
            The report.

        Raises:
            pydantic.ValidationError: the text is not a report of this schema version.
        """
        return cls.model_validate_json(text)


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema of `report.json`, also published as `report/report.schema.json`."""
    return ValidationReport.model_json_schema()
