"""Energies as CSV, optionally with the drift of the total energy."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from openmm_mlff.potentials.sites import are_atoms
from openmm_mlff.reporters.base import CsvReporter
from openmm_mlff.reporters.quantities import (
    degrees_of_freedom,
    kinetic_ev,
    potential_ev,
    temperature_kelvin,
    time_ps,
)
from openmm_mlff.storage.streams import ENERGY_COLUMNS, read_csv
from openmm_mlff.units import MEV_PER_EV

CONSERVATION_COLUMNS = (
    *ENERGY_COLUMNS,
    "total_relative_meV_per_atom",
    "running_drift_meV_per_atom_per_ps",
    "sigma_total_meV_per_atom",
)


class EnergyReporter(CsvReporter):
    """Potential, kinetic and total energy (eV) and temperature (K) as CSV.

    The kinetic energy is that at the time of the positions (OpenMM shifts the half-step
    velocities), so the total is the quantity that the integrator should conserve.

    Arguments are those of :class:`~openmm_mlff.reporters.base.CsvReporter`, and
    ``n_degrees_of_freedom`` for the temperature: by default counted from the System, as OpenMM's
    ``StateDataReporter`` does.  A molecule without translation and rotation has six fewer.
    """

    columns: ClassVar[tuple[str, ...]] = ENERGY_COLUMNS
    includes: ClassVar[tuple[str, ...]] = ("energy",)

    def __init__(
        self,
        file: str | Path,
        interval: int,
        *,
        resume_after_step: int | None = None,
        n_degrees_of_freedom: int | None = None,
    ) -> None:
        super().__init__(file, interval, resume_after_step=resume_after_step)
        self._n_degrees_of_freedom = n_degrees_of_freedom

    def _row(self, simulation: Any, state: Any) -> Sequence[float | int]:
        if self._n_degrees_of_freedom is None:
            self._n_degrees_of_freedom = degrees_of_freedom(simulation.system)
        potential, kinetic = potential_ev(state), kinetic_ev(state)
        temperature = temperature_kelvin(kinetic, n_degrees_of_freedom=self._n_degrees_of_freedom)
        return [
            int(simulation.currentStep),
            time_ps(state),
            potential,
            kinetic,
            potential + kinetic,
            temperature,
        ]


class ConservationReporter(EnergyReporter):
    """Energies as CSV with the running drift of the total energy.

    Adds three columns to :class:`EnergyReporter`: the total energy relative to the first row
    (meV/atom), the slope of a least-squares line through all rows so far (meV/atom/ps; NaN in the
    first row) and the standard deviation of the total energy so far (meV/atom).  The slope of a
    short run is dominated by oscillations of the integration error; it is significant once it
    exceeds its spread between runs several times.

    Works in any OpenMM script::

        simulation.reporters.append(ConservationReporter("energies.csv", 10))

    Arguments are those of :class:`EnergyReporter`; a resumed fit includes the rows kept.
    """

    columns: ClassVar[tuple[str, ...]] = CONSERVATION_COLUMNS

    _line: "RunningLine | None" = None
    _first_total_ev = 0.0
    _n_atoms = 0

    def _row(self, simulation: Any, state: Any) -> Sequence[float | int]:
        row = super()._row(simulation, state)
        time, total = float(row[1]), float(row[4])
        if self._line is None:
            self._line = RunningLine()
            self._n_atoms = int(are_atoms(simulation.system).sum())
            kept = read_csv(self._path, self.columns)
            self._first_total_ev = float(kept[0, 4]) if len(kept) else total
            for earlier in kept:
                self._line.add(float(earlier[1]), float(earlier[4]) - self._first_total_ev)
        relative = total - self._first_total_ev
        self._line.add(time, relative)
        per_atom = MEV_PER_EV / self._n_atoms
        return [
            *row,
            relative * per_atom,
            self._line.slope * per_atom,
            self._line.sigma_y * per_atom,
        ]


class RunningLine:
    """Least squares of y against x, updated point by point.

    Means and co-moments are updated as by B. P. Welford, Technometrics 4 (1962) 419, to avoid
    cancellation in a long series with a large mean.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean_x = self._mean_y = 0.0
        self._sum_xx = self._sum_xy = self._sum_yy = 0.0

    def add(self, x: float, y: float) -> None:
        """Add one point."""
        self._count += 1
        from_mean_x = x - self._mean_x
        from_mean_y = y - self._mean_y
        self._mean_x += from_mean_x / self._count
        self._mean_y += from_mean_y / self._count
        self._sum_xx += from_mean_x * (x - self._mean_x)
        self._sum_xy += from_mean_x * (y - self._mean_y)
        self._sum_yy += from_mean_y * (y - self._mean_y)

    @property
    def slope(self) -> float:
        """Slope, y per x; NaN for fewer than two distinct x."""
        return self._sum_xy / self._sum_xx if self._sum_xx > 0.0 else math.nan

    @property
    def sigma_y(self) -> float:
        """Standard deviation of y about its mean, of at least one point."""
        return math.sqrt(self._sum_yy / self._count)
