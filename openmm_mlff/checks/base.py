"""What a check is: a question, a measurement, a judgement and plots, in one object.

A check's module imports only NumPy, SciPy and the foundation; it measures through its ``Subject``.
"""

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from openmm_mlff.config import Limits, Protocol, Threshold
from openmm_mlff.plots import Plot
from openmm_mlff.results import MOST_SEVERE_FIRST, CheckResult, Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.runs import RunCondition
from openmm_mlff.units import RATIO

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject as Subject
else:
    # A check does not import what measures it at run time.
    Subject = Any

Group = Literal["parity", "surface", "dynamics", "accuracy", "performance"]

OPENINGS = {
    Status.INCONCLUSIVE: "Undecided on {}: ",
    Status.ERROR: "Could not be judged on {}: ",
    Status.SKIPPED: "Not judged on {}: ",
    Status.NOT_APPLICABLE: "Not applicable to {}: ",
}


@dataclass(frozen=True)
class Measure:
    """One measured number and its limit.

    Attributes:
        clause: what was measured, so that "On water, <clause> 0.1 eV/Å" is a sentence.
        value: in the unit of `limit`.
        at_least: whether the value must reach the limit instead of staying within it.
        half_width: half the 95 % interval of the value.
    """

    clause: str
    value: float
    limit: Threshold
    at_least: bool = False
    half_width: float = 0.0

    @property
    def status(self) -> Status:
        """PASS or FAIL where the whole interval is on one side of the limit, else INCONCLUSIVE."""
        sign = -1.0 if self.at_least else 1.0
        return compare_with_interval(
            sign * self.value, half_width=self.half_width, threshold=sign * self.limit.value
        )

    @property
    def ok(self) -> bool:
        """Whether the value, with its interval, is finite and on the right side of its limit."""
        return self.status is Status.PASS

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
        """Return the clause, the value and the limit with its direction."""
        unit = "" if self.limit.unit == RATIO else f" {self.limit.unit}"
        side = "needs at least" if self.at_least else "limit"
        value = f"{self.value:.3g}"
        if self.half_width:
            value, side = f"{value} ± {self.half_width:.2g}", f"95 %; {side}"
        value = value + unit if math.isfinite(self.value) else "a value that is not finite"
        return f"{self.clause} {value} ({side} {self.limit.value:g}{unit})"

    def as_dict(self) -> dict[str, Any]:
        """Return the measure for the evidence."""
        return {
            "what": self.clause,
            "value": self.value,
            "unit": self.limit.unit,
            "threshold": self.limit.value,
            "at_least": self.at_least,
            "ok": self.ok,
        }


def compare_with_interval(value: float, *, half_width: float, threshold: float) -> Status:
    """Compare a value, known to ± `half_width` (95 %), with its largest allowed value.

    PASS where value + half_width ≤ threshold, FAIL where value − half_width > threshold, else
    INCONCLUSIVE.  A value that is not finite fails.
    """
    if not math.isfinite(value):
        return Status.FAIL
    if value + half_width <= threshold:
        return Status.PASS
    return Status.FAIL if value - half_width > threshold else Status.INCONCLUSIVE


@dataclass(frozen=True)
class Judgement:
    """The outcome of a check for one record.

    Attributes:
        clause: without place and full stop, so that "On water, <clause>." is a sentence.
        threshold: None for checks that only report.
        unit: of value and threshold; None for the check's usual one.
        at_least: whether the value must reach the threshold.
    """

    status: Status
    clause: str
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None
    at_least: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)


def judged(
    measures: Iterable[Measure],
    *,
    evidence: Mapping[str, Any] | None = None,
    note: str = "",
    refused: np.ndarray | None = None,
) -> Judgement:
    """Return the most severe outcome of several measures.

    Value and limit are those of the measure nearest to its limit, or farthest beyond it.  How many
    points were refused, of `refused`, bool of any shape, is added to the note.

    Raises:
        ValueError: there is no measure; without one nothing may pass.
    """
    listed = list(measures)
    if not listed:
        raise ValueError("no measure to judge; expected at least one")
    worst = min(listed, key=lambda one: (MOST_SEVERE_FIRST.index(one.status), -one.excess))
    if refused is not None and refused.any():
        count = f"{refused.sum():.0f} of {refused.size} points were refused by the potential"
        note = f"{note}; {count}" if note else count
    return Judgement(
        status=worst.status,
        clause=worst.text() + (f" ({note})" if note else ""),
        value=worst.value,
        threshold=worst.limit.value,
        unit=worst.limit.unit,
        at_least=worst.at_least,
        evidence={"measures": [m.as_dict() for m in listed], **(evidence or {})},
    )


inconclusive = partial(Judgement, Status.INCONCLUSIVE)
skipped = partial(Judgement, Status.SKIPPED)  # what the check needs is missing
not_applicable = partial(Judgement, Status.NOT_APPLICABLE)  # the question has no meaning here


def error(reason: str, *, traceback: str = "") -> Judgement:
    """Return an ERROR: code failed, in a simulation for example."""
    return Judgement(Status.ERROR, reason, evidence={"traceback": traceback})


def no_plots(record: Any, limits: Limits) -> list[Plot]:
    """Return no plots: the report makes this check's plots, or it has none."""
    return []


@dataclass(frozen=True, eq=False, kw_only=True)
class Check:
    """One check.

    Attributes:
        id: name in protocols and reports.
        limits: unit of each threshold, by name.
        unit: of the result's value; by default that of the first threshold.
        source: where the criterion comes from.
        consequence: what goes wrong in production where it fails.
        remedy: what to do where it fails.
        record: class that `measure` returns; ``Runs`` for a check of the simulations themselves.
        measure: returns a record, or that the question is not applicable.
        judge: pure: record and limits to a judgement.
        scope: ``system`` once a system, ``condition`` once a temperature and timestep.
        needs: shared measurements to make first, by name; a ``reference`` can be evaluated.
        remedies: what to do for other kinds of potentials, by the start of their specs.
    """

    id: str
    group: Group
    question: str
    formula: str
    limits: Mapping[str, str]
    source: str
    consequence: str
    remedy: str
    record: type
    measure: Callable[[Subject], Any | NotApplicable]
    judge: Callable[[Any, Limits], Judgement]
    unit: str = ""
    scope: Literal["system", "condition"] = "system"
    plots: Callable[[Any, Limits], list[Plot]] = no_plots
    needs: tuple[str, ...] = ()
    remedies: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.unit:
            object.__setattr__(self, "unit", next(iter(self.limits.values()), ""))

    def remedy_for(self, spec: str) -> str:
        """Return what to do where it fails for the potential of a spec string."""
        kinds = (text for start, text in self.remedies.items() if spec.startswith(start))
        return next(kinds, self.remedy)

    @property
    def claim(self) -> Literal["sound", "accurate"]:
        """The claim that it supports."""
        return "accurate" if self.group == "accuracy" else "sound"

    def result(
        self, judgement: Judgement, *, system: str, condition: RunCondition | None = None
    ) -> CheckResult:
        """Return a judgement as a result, with one sentence.

        Raises:
            ValueError: a PASS with a number that is not finite.
        """
        value = judgement.value
        if judgement.status is Status.PASS and value is not None and not math.isfinite(value):
            raise ValueError(f"{self.id}: a value of {value} cannot pass; expected a finite number")
        opening = OPENINGS.get(judgement.status, "On {}, ").format(place(system, condition))
        return CheckResult(
            id=self.id,
            group=self.group,
            system=system,
            condition={} if condition is None else condition.as_dict(),
            status=judgement.status,
            value=value,
            unit=self.unit if judgement.unit is None else judgement.unit,
            threshold=judgement.threshold,
            at_least=judgement.at_least,
            message=f"{opening}{judgement.clause.rstrip('. ')}.",
            evidence=dict(judgement.evidence),
        )


def define(module: str, **fields: Any) -> Check:
    """Return the check of a module, whose id is its name and whose group is its package.

    The question is the first line of its docstring; ``Record``, ``measure``, ``judge`` and
    ``plots`` are its own, unless `fields` names others.
    """
    own = vars(sys.modules[module])
    *_, group, check_id = module.split(".")
    names = [name for name in ("Record", "measure", "judge", "plots") if name in own]
    found = {name.lower(): own[name] for name in names}
    found |= {"group": group, "question": (own["__doc__"] or "").partition("\n")[0]}
    return Check(id=check_id, **found | fields)


def place(system: str, condition: RunCondition | None = None) -> str:
    """Return the system and, where there is one, the condition: ``water at 300 K, 0.5 fs``."""
    if condition is None:
        return system
    return f"{system} at {condition.temperature_kelvin:g} K, {condition.timestep_fs:g} fs"


def measurement_name(check: Check, condition: RunCondition | None) -> str:
    """Return the name of a check's stored measurement, e.g. ``energy_drift@300K_0.5fs``."""
    if condition is None:
        return check.id
    return f"{check.id}@{condition.temperature_kelvin:g}K_{condition.timestep_fs:g}fs"


def conditions_of(check: Check, protocol: Protocol) -> list[RunCondition | None]:
    """Return the conditions of a check; one None for a check of a system."""
    if check.scope == "system":
        return [None]
    return [
        RunCondition("nve", temperature, timestep)
        for temperature in protocol.dynamics.temperatures_kelvin
        for timestep in protocol.dynamics.timesteps_fs
    ]
