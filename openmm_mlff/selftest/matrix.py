"""Results of the self-test: detected faults and false alarms."""

from dataclasses import asdict, dataclass
from typing import Any

from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import Fault
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.runner import Finding, Findings
from openmm_mlff.storage.files import jsonable

NOT_RUN = Finding(Status.SKIPPED, "this check is not in the protocol")


@dataclass(frozen=True)
class FaultRow:
    """Findings of all checks for one fault.

    Attributes:
        gross: at a strength that must be detected.
        slight: just above the threshold; None for faults without strength.
        onset: as measured; None for faults without strength.
    """

    fault: Fault
    gross: Findings
    slight: Findings | None
    onset: Onset | None

    @property
    def gross_finding(self) -> Finding:
        """Finding of the fault's own check at the gross strength."""
        return self.gross.get(self.fault.check, NOT_RUN)

    @property
    def slight_finding(self) -> Finding | None:
        """Finding of that check at the slight strength; None for faults without strength."""
        return None if self.slight is None else self.slight.get(self.fault.check, NOT_RUN)

    @property
    def agreement(self) -> float | None:
        """Measured onset divided by the predicted one."""
        if self.onset is None or not self.fault.predicted_onset:
            return None
        return self.onset.strength / self.fault.predicted_onset

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain values."""
        fault, gross, slight = self.fault, self.gross_finding, self.slight_finding
        shared = ("name", "description", "check", "unit", "predicted_onset", "prediction")
        return {
            **{name: getattr(fault, name) for name in shared},
            "gross": _trial(fault.gross, self.gross, gross),
            "slight": self.slight and slight and _trial(fault.slight, self.slight, slight),
            "onset": self.onset and asdict(self.onset),
            "caught_gross": gross.is_alarm,
            "caught_slight": slight and slight.is_alarm,
            "measured_over_predicted_onset": self.agreement,
        }


@dataclass(frozen=True)
class HealthyRow:
    """Findings of all checks for one healthy potential, an oracle of a kind with a seed."""

    kind: str
    system: str
    seed: int
    findings: Findings

    @property
    def alarms(self) -> dict[str, str]:
        """Messages of the checks that reported a fault, by id."""
        return {check: found.message for check, found in self.findings.items() if found.is_alarm}

    def as_dict(self) -> dict[str, Any]:
        """Return the row as plain values."""
        row = {"kind": self.kind, "system": self.system, "seed": self.seed}
        return row | {"statuses": _statuses(self.findings), "alarms": self.alarms}


@dataclass(frozen=True)
class Matrix:
    """Results of the self-test."""

    faults: tuple[FaultRow, ...]
    healthy: tuple[HealthyRow, ...] = ()

    @property
    def checks(self) -> tuple[str, ...]:
        """Ids of the checks that were run, in order."""
        runs = [*(row.gross for row in self.faults), *(row.findings for row in self.healthy)]
        return tuple(dict.fromkeys(check for findings in runs for check in findings))

    @property
    def missed_gross(self) -> tuple[FaultRow, ...]:
        """Gross faults not detected by their own check; expected to be empty."""
        return tuple(row for row in self.faults if not row.gross_finding.is_alarm)

    @property
    def missed_slight(self) -> tuple[FaultRow, ...]:
        """Slight faults not detected by their own check."""
        found = ((row, row.slight_finding) for row in self.faults)
        return tuple(row for row, slight in found if slight and not slight.is_alarm)

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
        return jsonable(
            {
                "passed": self.passed,
                "checks": self.checks,
                "defects": [row.as_dict() for row in self.faults],
                "healthy": [row.as_dict() for row in self.healthy],
            }
        )


def _trial(strength: float | None, findings: Findings, own: Finding) -> dict[str, Any]:
    return {"strength": strength, "statuses": _statuses(findings), "message": own.message}


def _statuses(findings: Findings) -> dict[str, str]:
    return {check: finding.status.value for check, finding in findings.items()}
