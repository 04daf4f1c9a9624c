"""Reporters of single copies in a Simulation of all copies."""

from collections.abc import Sequence
from typing import Any, ClassVar

import openmm

from openmm_mlff.reporters.base import IntervalReporter
from openmm_mlff.reporters.quantities import masses_amu
from openmm_mlff.simulation.replicas.module import CopyEnergies
from openmm_mlff.simulation.replicas.views import CopySimulation, split_state
from openmm_mlff.units import ps_from_fs


class CopiesReporter(IntervalReporter):
    """Calls the reporters of each copy with the State of that copy.

    Args:
        interval: steps between two reports.
        single: System of one copy.
        energies_ev: potential energies of each copy.
        timestep_fs: of the ``VerletIntegrator``.
        reporters: of each copy.
    """

    includes: ClassVar[tuple[str, ...]] = ("positions", "velocities", "forces")

    def __init__(
        self,
        interval: int,
        single: openmm.System,
        *,
        energies_ev: CopyEnergies,
        timestep_fs: float,
        reporters: Sequence[Sequence[IntervalReporter]],
    ) -> None:
        super().__init__(interval)
        self._single = single
        self._energies_ev = energies_ev
        self._timestep_ps = ps_from_fs(timestep_fs)
        self._masses_amu = masses_amu(single)
        self._reporters = reporters

    def report(self, simulation: Any, state: Any) -> None:
        """Split the State and call the reporters."""
        view = CopySimulation(
            self._single, simulation.topology, simulation.integrator, simulation.currentStep
        )
        states = split_state(
            state,
            energies_ev=self._energies_ev,
            masses_amu=self._masses_amu,
            timestep_ps=self._timestep_ps,
            n_copies=len(self._reporters),
        )
        for reporters, own in zip(self._reporters, states, strict=True):
            for reporter in reporters:
                reporter.report(view, own)
