"""What became of each stage, for whoever watches from outside or goes on after a crash."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from openmm_mlff.pipeline.guard import Broken, Outcome, guarded

T = TypeVar("T")

BEGIN, END = "begin", "end"


@dataclass(frozen=True)
class Journal:
    """Stages by their keys.

    Attributes:
        settled: stages whose outcome is in the run directory; they are not run again.
        broken: stages that ended a process; they are not run again, and what happened is their
            outcome.
        rest: what keeps every other stage from being run; None where nothing does.
        tell: called with :data:`BEGIN` or :data:`END` and the key of a stage.
    """

    settled: frozenset[str] = frozenset()
    broken: Mapping[str, Broken] = field(default_factory=dict)
    rest: Broken | None = None
    tell: Callable[[str, str], None] = lambda *_: None

    def run(
        self,
        key: str,
        stage: Callable[[], T],
        *,
        keep: Callable[[Outcome[T]], None] = lambda _: None,
    ) -> Outcome[T]:
        """Run one stage, guarded, unless it is known how it ends.

        Args:
            key: of the stage.
            stage: called without arguments.
            keep: called with the outcome; a stage has ended when this has.

        Returns:
            Its value, or what broke.
        """
        known = self.broken.get(key, self.rest)
        self.tell(BEGIN, key)
        outcome: Outcome[T] = guarded(stage) if known is None else Outcome(broken=known)
        keep(outcome)
        self.tell(END, key)
        return outcome


NO_JOURNAL = Journal()
"""Nobody watches, and nothing is known."""
