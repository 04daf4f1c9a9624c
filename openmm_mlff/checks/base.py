"""What a check is, and how it says what it found."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from openmm_mlff.config import Criteria, Threshold, nearest
from openmm_mlff.errors import ConfigError
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult, Status

Group = Literal["parity", "surface", "dynamics", "accuracy", "performance"]
Scope = Literal["system", "condition"]
RATIO = "ratio"
"""Unit of a number without one; it is left out of sentences."""

CheckFunction = Callable[[Observations, Criteria], CheckResult]


@dataclass(frozen=True)
class Measure:
    """One measured number and what it is compared with.

    Attributes:
        clause: what was measured, so that "On water, <clause> 0.1 eV/Å" is a sentence.
        value: in the unit of `limit`.
        limit: the threshold.
        at_least: whether the value must reach the limit instead of staying within it.
    """

    clause: str
    value: float
    limit: Threshold
    at_least: bool = False

    @property
    def ok(self) -> bool:
        """Whether the value is finite and on the right side of its limit."""
        if not math.isfinite(self.value):
            return False
        if self.at_least:
            return self.value >= self.limit.value
        return self.value <= self.limit.value

    @property
    def excess(self) -> float:
        """Value over limit, or limit over value; infinite where the value is not finite."""
        if not math.isfinite(self.value):
            return math.inf
        if self.at_least:
            return self.limit.value / self.value if self.value > 0.0 else math.inf
        if self.limit.value == 0.0:
            return 0.0 if self.ok else math.inf
        return self.value / self.limit.value

    def text(self) -> str:
        """Say the clause, the value and the limit."""
        unit = "" if self.limit.unit == RATIO else f" {self.limit.unit}"
        if not math.isfinite(self.value):
            return f"{self.clause} a number that is not finite (limit {self.limit.value:g}{unit})"
        if self.at_least:
            side = "at or above" if self.ok else "below"
        else:
            side = "within" if self.ok else "above"
        return (
            f"{self.clause} {self.value:.3g}{unit}, {side} the limit of {self.limit.value:g}{unit}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the measure as it stands in the evidence."""
        return {
            "what": self.clause,
            "value": self.value,
            "unit": self.limit.unit,
            "threshold": self.limit.value,
            "at_least": self.at_least,
            "ok": self.ok,
        }


@dataclass(frozen=True, eq=False)
class CheckSpec:
    """One check: what it computes, where it comes from, and the function that does it.

    Attributes:
        id: name in protocols and reports.
        group: parity, surface, dynamics, accuracy or performance.
        scope: ``system`` once a system, ``condition`` once a temperature and timestep.
        title: what it asks, in plain words.
        formula: what is computed.
        unit: of the result's value.
        source: where the criterion comes from.
        thresholds: unit of each threshold that the criteria must hold, by name.
        failure_mode: what goes wrong in production where it fails.
        remedy: what to do where it fails.
        function: ``(Observations, Criteria) -> CheckResult``, pure.
        probes: names of the probes whose records it reads; only these are run.
    """

    id: str
    group: Group
    scope: Scope
    title: str
    formula: str
    unit: str
    source: str
    thresholds: Mapping[str, str]
    failure_mode: str
    remedy: str
    function: CheckFunction
    probes: tuple[str, ...] = ()

    def result(
        self,
        observations: Observations,
        *,
        status: Status,
        message: str,
        value: float | None = None,
        threshold: float | None = None,
        unit: str | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> CheckResult:
        """Make a result of this check.

        Args:
            observations: what was judged; names the system and the condition.
            status: the outcome.
            message: one sentence, with numbers and units.
            value: the number compared with the threshold.
            threshold: None for checks that only report.
            unit: of value and threshold, where it is not the check's usual one.
            evidence: further numbers.

        Returns:
            The result.

        Raises:
            ValueError: a PASS with a number that is not finite.
        """
        if status is Status.PASS and value is not None and not math.isfinite(value):
            raise ValueError(f"{self.id}: a value of {value} cannot pass; expected a finite number")
        condition = observations.condition if self.scope == "condition" else None
        return CheckResult(
            id=self.id,
            group=self.group,
            system=observations.system.name,
            condition={} if condition is None else condition.as_dict(),
            status=status,
            value=value,
            unit=self.unit if unit is None else unit,
            threshold=threshold,
            message=message,
            evidence=dict(evidence or {}),
        )

    def skipped(self, observations: Observations, *, reason: str) -> CheckResult:
        """Say why nothing was judged."""
        message = f"Not judged on {place(observations)}: {reason}."
        return self.result(observations, status=Status.SKIPPED, message=message)

    def error(self, observations: Observations, *, reason: str, traceback: str = "") -> CheckResult:
        """Say that the code broke, and keep its traceback."""
        return self.result(
            observations,
            status=Status.ERROR,
            message=f"Could not be judged on {place(observations)}: {reason}.",
            evidence={"traceback": traceback},
        )

    def inconclusive(
        self,
        observations: Observations,
        *,
        reason: str,
        evidence: Mapping[str, Any] | None = None,
    ) -> CheckResult:
        """Say why what was measured does not suffice."""
        return self.result(
            observations,
            status=Status.INCONCLUSIVE,
            message=f"Undecided on {place(observations)}: {reason}.",
            evidence=evidence,
        )

    def judged(
        self,
        observations: Observations,
        *,
        measures: Iterable[Measure],
        evidence: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> CheckResult:
        """Pass where every measure is finite and within its limit, else fail.

        The result carries the measure that is nearest to its limit, or farthest beyond it.

        Args:
            observations: what was judged.
            measures: at least one.
            evidence: further numbers.
            note: added to the message.

        Returns:
            PASS or FAIL.

        Raises:
            ValueError: there is no measure; nothing was judged, and that must not pass.
        """
        listed = list(measures)
        if not listed:
            raise ValueError(f"{self.id}: no measure to judge; expected at least one")
        worst = max(listed, key=lambda measure: measure.excess)
        passed = all(measure.ok for measure in listed)
        note = f" ({note})" if note else ""
        return self.result(
            observations,
            status=Status.PASS if passed else Status.FAIL,
            message=f"On {place(observations)}, {worst.text()}{note}.",
            value=worst.value,
            threshold=worst.limit.value,
            unit=worst.limit.unit,
            evidence={"measures": [m.as_dict() for m in listed], **(evidence or {})},
        )

    def threshold(self, criteria: Criteria, *, name: str) -> Threshold:
        """Look a threshold up.

        Args:
            criteria: of this check.
            name: of the threshold.

        Returns:
            The threshold.

        Raises:
            ConfigError: the protocol has none of that name.
        """
        if name not in criteria:
            hint = nearest(name, list(criteria)) if criteria else "it has none for this check"
            raise ConfigError(
                f"the protocol lacks criteria.{self.id}.{name} ({self.thresholds[name]}); {hint}"
            )
        return criteria[name]


def place(observations: Observations) -> str:
    """Name the system and, where there is one, the condition: ``water at 300 K, 0.5 fs``."""
    condition = observations.condition
    if condition is None:
        return observations.system.name
    return (
        f"{observations.system.name} at {condition.temperature_kelvin:g} K, "
        f"{condition.timestep_fs:g} fs"
    )
