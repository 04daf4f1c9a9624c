"""The stages of a system by key, started, finished or failed, in a worker and in its parent."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from openmm_mlff.isolation import Ending
from openmm_mlff.measuring.guard import Broken, Outcome, guarded

T = TypeVar("T")

BEGIN, END, PLATFORM = "begin", "end", "platform"


@dataclass(frozen=True)
class Known:
    """What is known of the stages of a system.

    Attributes:
        settled: stages whose outcome is in the run directory; they are not run again.
        broken: outcome of stages that ended a process; they are not run again.
        rest: why no other stage is run; None where they are.
    """

    settled: frozenset[str] = frozenset()
    broken: Mapping[str, Broken] = field(default_factory=dict)
    rest: Broken | None = None


@dataclass(frozen=True)
class Journal(Known):
    """What a worker knows of the stages of a system, and how it reports them.

    `tell` is called with :data:`BEGIN` or :data:`END` and the key of a stage, or with
    :data:`PLATFORM` and its name.
    """

    tell: Callable[[str, str], None] = lambda *_: None

    def run(
        self,
        key: str,
        stage: Callable[[], T],
        *,
        keep: Callable[[Outcome[T]], None] = lambda _: None,
    ) -> Outcome[T]:
        """Run one stage, guarded, unless its outcome is known.

        `keep` is called with the outcome before the end of the stage is reported.
        """
        # What is settled is only read again.
        known = self.broken.get(key, None if key in self.settled else self.rest)
        self.tell(BEGIN, key)
        outcome: Outcome[T] = guarded(stage) if known is None else Outcome(broken=known)
        keep(outcome)
        self.tell(END, key)
        return outcome


NO_JOURNAL = Journal()
"""Nothing is known, and nothing is reported."""


@dataclass(frozen=True)
class History(Known):
    """What the parent knows of the stages of a system from its workers.

    Attributes:
        stray: consecutive workers that ended outside of every stage.
        current: key of the stage that began and has not ended.
        platform: of the system; empty where it is not known.
    """

    stray: int = 0
    current: str | None = None
    platform: str = ""

    def after_event(self, event: Mapping[str, Any]) -> "History":
        """Return the history after an event of a worker."""
        key = str(event.get("key"))
        changes: dict[str, dict[str, Any]] = {
            PLATFORM: {"platform": key},
            BEGIN: {"current": key},
            END: {"current": None, "settled": self.settled | {key}, "stray": 0},
        }
        return replace(self, **changes.get(event["event"], {}))

    def after_ending(self, ending: Ending) -> "History":
        """Return the history after the end of a worker."""
        on = f" on platform {self.platform}" if ending.is_crash and self.platform else ""
        broken = Broken(f"{ending.reason}{on}", ending.output)
        history = replace(self, current=None, rest=broken if ending.is_total else self.rest)
        if self.current is None:
            return replace(history, stray=self.stray + 1)
        return replace(history, broken={**self.broken, self.current: broken}, stray=0)

    def to_json(self) -> dict[str, Any]:
        """Return what a worker needs to know, as plain values."""
        return {
            "settled": sorted(self.settled),
            "broken": {key: asdict(broken) for key, broken in self.broken.items()},
            "rest": asdict(self.rest) if self.rest else None,
        }


def journal_from_json(table: Mapping[str, Any], *, tell: Callable[[str, str], None]) -> Journal:
    """Read what :meth:`History.to_json` wrote."""
    return Journal(
        settled=frozenset(table["settled"]),
        broken={key: Broken(**broken) for key, broken in table["broken"].items()},
        rest=Broken(**table["rest"]) if table["rest"] else None,
        tell=tell,
    )
