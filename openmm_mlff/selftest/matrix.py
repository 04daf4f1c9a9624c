"""Results of the self-test: detected faults and false alarms."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from openmm_mlff.results import jsonable
from openmm_mlff.selftest.defects import Defect
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.runner import Findings


@dataclass(frozen=True)
class Trial:
    """Results of all checks for a fault of one strength.

    Attributes:
        strength: in the fault's unit.
        statuses: by id of the check.
        message: of the check named for the fault.
    """

    strength: float
    statuses: dict[str, str]
    message: str


@dataclass(frozen=True)
class DefectRow:
    """Results for one fault.

    Attributes:
        check: the one named for the fault.
        unit: of its strength.
        gross: at a strength that must be detected.
        slight: just above the threshold; None for faults without strength.
        predicted_onset: from the threshold.
        prediction: derivation of the predicted onset.
        onset: as measured.
    """

    name: str
    description: str
    check: str
    unit: str
    gross: Trial
    slight: Trial | None
    predicted_onset: float | None
    prediction: str
    onset: Onset | None

    @property
    def caught_gross(self) -> bool:
        """Whether the check named for it detects the gross fault."""
        return is_caught(self.gross.statuses.get(self.check, ""))

    @property
    def caught_slight(self) -> bool | None:
        """Whether that check detects the slight fault; None for faults without strength."""
        if self.slight is None:
            return None
        return is_caught(self.slight.statuses.get(self.check, ""))

    @property
    def agreement(self) -> float | None:
        """Measured onset divided by the predicted one."""
        if self.onset is None or not self.predicted_onset:
            return None
        return self.onset.strength / self.predicted_onset


@dataclass(frozen=True)
class HealthyRow:
    """Results of all checks for one healthy potential.

    Attributes:
        kind: of the oracle.
        seed: of its parameters.
        statuses: by id of the check.
        alarms: messages of the checks that failed, by id.
    """

    kind: str
    system: str
    seed: int
    statuses: dict[str, str]
    alarms: dict[str, str]


@dataclass(frozen=True)
class Matrix:
    """Results of the self-test; `checks` are ids in the order of the registry."""

    checks: tuple[str, ...]
    defects: tuple[DefectRow, ...]
    healthy: tuple[HealthyRow, ...] = field(default=())

    @property
    def missed_gross(self) -> tuple[DefectRow, ...]:
        """Gross faults not detected by the check named for them; expected to be empty."""
        return tuple(row for row in self.defects if not row.caught_gross)

    @property
    def missed_slight(self) -> tuple[DefectRow, ...]:
        """Slight faults not detected by the check named for them."""
        return tuple(row for row in self.defects if row.caught_slight is False)

    @property
    def false_alarms(self) -> tuple[HealthyRow, ...]:
        """Healthy potentials on which a check failed; expected to be empty."""
        return tuple(row for row in self.healthy if row.alarms)

    @property
    def passed(self) -> bool:
        """Whether every gross fault was detected by its check, without false alarms."""
        return not self.missed_gross and not self.false_alarms

    def as_dict(self) -> dict[str, Any]:
        """Return the matrix as plain JSON."""
        rows = [
            asdict(row)
            | {
                "caught_gross": row.caught_gross,
                "caught_slight": row.caught_slight,
                "measured_over_predicted_onset": row.agreement,
            }
            for row in self.defects
        ]
        return jsonable(
            {
                "passed": self.passed,
                "checks": self.checks,
                "defects": rows,
                "healthy": [asdict(row) for row in self.healthy],
            }
        )


def is_caught(status: str) -> bool:
    """Check whether a status reports a fault."""
    return status in ("FAIL", "ERROR")


def trial(defect: Defect, *, strength: float, findings: Findings) -> Trial:
    """Build the trial of a fault at one strength from the findings of all checks."""
    named = findings.get(defect.check)
    return Trial(
        strength=strength,
        statuses={check: finding.status.value for check, finding in findings.items()},
        message=named.message if named else "this check is not in the protocol",
    )


def healthy_row(kind: str, *, system: str, seed: int, findings: Findings) -> HealthyRow:
    """Build the row of a healthy potential from the findings of all checks."""
    return HealthyRow(
        kind=kind,
        system=system,
        seed=seed,
        statuses={check: finding.status.value for check, finding in findings.items()},
        alarms={check: found.message for check, found in findings.items() if found.caught},
    )


def checks_seen(rows: Sequence[DefectRow], healthy: Sequence[HealthyRow]) -> tuple[str, ...]:
    """Return the checks that were run, in order."""
    known: dict[str, None] = {}
    for statuses in [*(row.gross.statuses for row in rows), *(row.statuses for row in healthy)]:
        known.update(dict.fromkeys(statuses))
    return tuple(known)
