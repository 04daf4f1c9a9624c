"""What the suite sees of the planted faults, and what it sees where nothing is wrong."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from openmm_mlff.results import jsonable
from openmm_mlff.selftest.defects import Defect
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.runner import Findings


@dataclass(frozen=True)
class Trial:
    """All checks on one fault of one strength.

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
    """What was seen of one fault.

    Attributes:
        name: of the fault.
        description: what is wrong.
        check: the one named for it.
        unit: of its strength.
        gross: at a strength that nobody may miss.
        slight: just above the threshold; None for faults that are there or not.
        predicted_onset: from the threshold.
        prediction: how that came about.
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
        """Whether the check named for it sees it when it is gross."""
        return is_caught(self.gross.statuses.get(self.check, ""))

    @property
    def caught_slight(self) -> bool | None:
        """Whether it is seen just above the threshold; None where that has no meaning."""
        if self.slight is None:
            return None
        return is_caught(self.slight.statuses.get(self.check, ""))

    @property
    def agreement(self) -> float | None:
        """Measured over predicted onset."""
        if self.onset is None or not self.predicted_onset:
            return None
        return self.onset.strength / self.predicted_onset


@dataclass(frozen=True)
class HealthyRow:
    """All checks on one healthy potential.

    Attributes:
        kind: of the oracle.
        system: molecule.
        seed: of its parameters.
        statuses: by id of the check.
        alarms: messages of the checks that saw something, by id.
    """

    kind: str
    system: str
    seed: int
    statuses: dict[str, str]
    alarms: dict[str, str]


@dataclass(frozen=True)
class Matrix:
    """The whole self-test.

    Attributes:
        checks: ids, in the order of the registry.
        defects: one row a fault.
        healthy: one row a healthy potential.
    """

    checks: tuple[str, ...]
    defects: tuple[DefectRow, ...]
    healthy: tuple[HealthyRow, ...] = field(default=())

    @property
    def missed_gross(self) -> tuple[DefectRow, ...]:
        """Gross faults that the check named for them does not see: there must be none."""
        return tuple(row for row in self.defects if not row.caught_gross)

    @property
    def missed_slight(self) -> tuple[DefectRow, ...]:
        """Faults that are not seen just above the threshold."""
        return tuple(row for row in self.defects if row.caught_slight is False)

    @property
    def false_alarms(self) -> tuple[HealthyRow, ...]:
        """Healthy potentials on which a check failed: there must be none."""
        return tuple(row for row in self.healthy if row.alarms)

    @property
    def passed(self) -> bool:
        """Whether every gross fault was caught by name and nothing healthy was."""
        return not self.missed_gross and not self.false_alarms

    def as_dict(self) -> dict[str, Any]:
        """Give the matrix as plain JSON."""
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
    """Tell whether a status says that something is wrong."""
    return status in ("FAIL", "ERROR")


def trial(defect: Defect, *, strength: float, findings: Findings) -> Trial:
    """Keep what the checks said about one strength of a fault.

    Args:
        defect: the fault.
        strength: as planted.
        findings: of all checks.

    Returns:
        Their statuses, and what the check named for it said.
    """
    named = findings.get(defect.check)
    return Trial(
        strength=strength,
        statuses={check: finding.status.value for check, finding in findings.items()},
        message=named.message if named else "this check is not in the protocol",
    )


def healthy_row(kind: str, *, system: str, seed: int, findings: Findings) -> HealthyRow:
    """Keep what the checks said about one healthy potential.

    Args:
        kind: of the oracle.
        system: molecule.
        seed: of its parameters.
        findings: of all checks.

    Returns:
        Their statuses, and the false alarms.
    """
    return HealthyRow(
        kind=kind,
        system=system,
        seed=seed,
        statuses={check: finding.status.value for check, finding in findings.items()},
        alarms={check: found.message for check, found in findings.items() if found.caught},
    )


def checks_seen(rows: Sequence[DefectRow], healthy: Sequence[HealthyRow]) -> tuple[str, ...]:
    """List the checks that were run, in the order in which they were."""
    known: dict[str, None] = {}
    for statuses in [*(row.gross.statuses for row in rows), *(row.statuses for row in healthy)]:
        known.update(dict.fromkeys(statuses))
    return tuple(known)
