"""The two claims of a verdict, the reasons for them, their text, and what was tested."""

from enum import Enum
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from openmm_mlff.units import RATIO


class Status(str, Enum):
    """Outcome of one check.

    SKIPPED: an input that the check needs was not given. NOT APPLICABLE: the check has no meaning
    for this system or potential; such a result never prevents an approval.
    """

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"
    NOT_APPLICABLE = "NOT APPLICABLE"


MOST_SEVERE_FIRST = (
    Status.FAIL,
    Status.ERROR,
    Status.INCONCLUSIVE,
    Status.SKIPPED,
    Status.PASS,
    Status.NOT_APPLICABLE,
)


class ClaimStatus(str, Enum):
    """Status of one of the two claims."""

    YES = "YES"
    NO = "NO"
    UNDECIDED = "UNDECIDED"
    NOT_ASKED = "NOT ASKED"


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


class Record(BaseModel):
    """Base of the records in `report.json`: immutable, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Compared(Protocol):
    """A check result, or a reason made from one."""

    system: str
    condition: dict[str, Any]
    unit: str
    threshold: float | None
    at_least: bool


def quantity(value: float, unit: str) -> str:
    """Return a number with three significant digits and its unit; a ratio has none."""
    return f"{value:.3g}" if unit in ("", RATIO) else f"{value:.3g} {unit}"


def limit_text(result: Compared) -> str:
    """Return the threshold with its direction and unit; empty without a threshold."""
    if result.threshold is None:
        return ""
    words = "needs at least" if result.at_least else "limit"
    return f"{words} {quantity(result.threshold, result.unit)}"


def place(result: Compared) -> str:
    """Return the system, with temperature and timestep if the result has them."""
    temperature = result.condition.get("temperature_kelvin")
    timestep = result.condition.get("timestep_fs")
    if temperature is None or timestep is None:
        return result.system
    return f"{result.system} at {temperature:g} K, {timestep:g} fs"


class Reason(Record):
    """One reason for the status of a claim: a check result, or a statement about the whole run.

    Attributes:
        check: id of the check; empty for a statement about the whole run.
        system: name of the molecule.
        condition: of the result.
        status: None if the check has no result.
        value: of the result.
        unit: of value and threshold.
        threshold: of the result.
        at_least: whether the threshold is a lower limit.
        lead: words that precede the name of the check, e.g. "Nearest to its limit".
        message: of the result, or the statement.
    """

    check: str = ""
    system: str = ""
    condition: dict[str, Any] = Field(default_factory=dict)
    status: Status | None = None
    value: float | None = None
    unit: str = ""
    threshold: float | None = None
    at_least: bool = False
    lead: str = ""
    message: str

    @property
    def head(self) -> str:
        """Check, status, system, condition and numbers; empty for a statement about the run."""
        if not self.check:
            return ""
        lead = f"{self.lead}: " if self.lead else ""
        status = f" {self.status.value}" if self.status is not None else ""
        numbers = ""
        if self.value is not None:
            limit = limit_text(self)
            numbers = f" ({quantity(self.value, self.unit)}{f', {limit}' if limit else ''})"
        return f"{lead}{self.check}{status} on {place(self)}{numbers}"

    def __str__(self) -> str:
        return f"{self.head}: {self.message}" if self.head else self.message


class Claim(Record):
    """One of the two claims that a validation tests.

    Attributes:
        name: sound (the deployed model is the trained one and obeys physics) or accurate (it
            reproduces the reference).
        reasons: for the status, most severe first.
        failure_modes: consequences in production; empty unless the status is NO.
    """

    name: Literal["sound", "accurate"]
    status: ClaimStatus
    reasons: tuple[Reason, ...] = ()
    failure_modes: tuple[str, ...] = ()


class Claims(Record):
    """The two claims."""

    sound: Claim
    accurate: Claim

    @property
    def both(self) -> tuple[Claim, Claim]:
        """Sound, then accurate."""
        return self.sound, self.accurate

    @property
    def status(self) -> VerdictStatus:
        """The verdict; APPROVED requires that no claim is NO or UNDECIDED and that sound is YES."""
        answers = {claim.status for claim in self.both}
        if ClaimStatus.NO in answers:
            return VerdictStatus.REJECTED
        if self.sound.status is ClaimStatus.YES and ClaimStatus.UNDECIDED not in answers:
            return VerdictStatus.APPROVED
        return VerdictStatus.INCONCLUSIVE


class MeasuredTemperature(Record):
    """Mean kinetic temperature of the dynamics of one system.

    Attributes:
        system: name of the molecule.
        asked_kelvin: requested temperature.
        mean_kelvin: over all NVE runs at that temperature.
        interval_kelvin: half width of the 95 % confidence interval of the mean.
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
    """Conditions that were tested, which an approval covers.

    Attributes:
        measured_temperatures: of the dynamics; empty in reports of earlier versions.
        boxes: shapes of the periodic boxes, rectangular or skewed; empty in reports of earlier
            versions.
        too_long_timesteps: where the timestep was to blame for a failure, and is not covered.
    """

    elements: tuple[str, ...]
    systems: tuple[str, ...]
    temperatures_kelvin: tuple[float, ...]
    max_timestep_fs: float
    duration_ps: float
    platform: str
    precision: str
    measured_temperatures: tuple[MeasuredTemperature, ...] = ()
    boxes: tuple[str, ...] = ()
    too_long_timesteps: tuple[str, ...] = ()
