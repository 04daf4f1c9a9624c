"""Linear and angular momentum as CSV."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from openmm_mlff.potentials.sites import atoms_of
from openmm_mlff.reporters.base import CsvReporter
from openmm_mlff.reporters.quantities import (
    FloatArray,
    forces_ev_per_angstrom,
    masses_amu,
    positions_angstrom,
    time_ps,
    velocities_angstrom_per_ps,
)
from openmm_mlff.storage.streams import MOMENTUM_COLUMNS


class MomentumReporter(CsvReporter):
    """Total momentum, angular momentum about the centre of mass, and the largest force.

    P = Σ m v (amu Å/ps), L = Σ m (x − x_c) × (v − v_c) (amu Å²/ps), max |F| (eV/Å).

    The velocities are those of OpenMM.  With ``VerletIntegrator`` they lag half a step behind the
    positions, as required: leapfrog moves x(t+dt) = x(t) + dt v(t+dt/2), so Σ m x(t) × v(t−dt/2)
    grows in each step by exactly dt times the torque.  Without torque it is constant to rounding
    for any timestep, so any change is due to the force field.
    """

    columns: ClassVar[tuple[str, ...]] = MOMENTUM_COLUMNS
    includes: ClassVar[tuple[str, ...]] = ("positions", "velocities", "forces")

    _masses_amu: FloatArray | None = None

    def _row(self, simulation: Any, state: Any) -> Sequence[float | int]:
        if self._masses_amu is None:
            self._masses_amu = masses_amu(simulation.system)
        positions, velocities, forces = (
            atoms_of(vectors(state), simulation.system)
            for vectors in (positions_angstrom, velocities_angstrom_per_ps, forces_ev_per_angstrom)
        )
        linear, angular = momenta(
            positions, velocities_angstrom_per_ps=velocities, masses_amu=self._masses_amu
        )
        largest_force = np.linalg.norm(forces, axis=1).max()
        return [
            int(simulation.currentStep),
            time_ps(state),
            *linear.tolist(),
            *angular.tolist(),
            float(largest_force),
        ]


def momenta(
    positions_angstrom: FloatArray,
    *,
    velocities_angstrom_per_ps: FloatArray,
    masses_amu: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return P (3,), amu Å/ps, and L about the centre of mass (3,), amu Å²/ps.

    Positions and velocities are (N, 3), masses (N,).
    """
    total_mass = masses_amu.sum()
    linear = masses_amu @ velocities_angstrom_per_ps
    arms = positions_angstrom - masses_amu @ positions_angstrom / total_mass
    relative = velocities_angstrom_per_ps - linear / total_mass
    return linear, masses_amu @ np.cross(arms, relative)
