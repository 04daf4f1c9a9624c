"""What the producing stages hand to one another."""

from collections.abc import Callable
from dataclasses import dataclass

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.pipeline.journal import NO_JOURNAL, Journal
from openmm_mlff.pipeline.preparing import Plan
from openmm_mlff.rundir import RunDirectory
from openmm_mlff.simulation.platforms import PlatformChoice

Progress = Callable[[str, str, int, int], None]
"""Called with system, stage, done and total."""


@dataclass(frozen=True)
class Subject:
    """One molecule on its way through the stages.

    Attributes:
        plan: what is done.
        molecule: as it was asked for.
        platform: where it runs.
        on_progress: called as work is done.
        journal: of the stages.
    """

    plan: Plan
    molecule: MolecularSystem
    platform: PlatformChoice
    on_progress: Progress
    journal: Journal = NO_JOURNAL

    @property
    def directory(self) -> RunDirectory:
        """The run directory."""
        return self.plan.directory

    def report(self, stage: str) -> Callable[[int, int], None]:
        """Give a progress callback for one stage.

        Args:
            stage: what the user is shown.

        Returns:
            A function of done and total.
        """
        return lambda done, total: self.on_progress(self.molecule.name, stage, done, total)
