"""Energies as CSV, optionally with the drift of the total energy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from openmm_mlff.reporters.base import CsvReporter
from openmm_mlff.reporters.quantities import (
    atom_count,
    degrees_of_freedom,
    kinetic_ev,
    potential_ev,
    temperature_kelvin,
    time_ps,
)
from openmm_mlff.reporters.running import RunningLine
from openmm_mlff.rundir import ENERGY_COLUMNS, read_csv
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

    Args:
        file: path of the CSV file.
        interval: steps between two rows.
        resume_after_step: None starts a new file; otherwise rows up to this step are kept.
        n_degrees_of_freedom: for the temperature; by default counted from the System, as OpenMM's
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

    def __init__(
        self,
        file: str | Path,
        interval: int,
        *,
        resume_after_step: int | None = None,
        n_degrees_of_freedom: int | None = None,
    ) -> None:
        super().__init__(
            file,
            interval,
            resume_after_step=resume_after_step,
            n_degrees_of_freedom=n_degrees_of_freedom,
        )
        self._line = RunningLine()
        self._first_total_ev: float | None = None
        self._n_atoms: int | None = None
        for kept in read_csv(Path(file), self.columns):
            self._take_in(time=float(kept[1]), total=float(kept[4]))

    def _row(self, simulation: Any, state: Any) -> Sequence[float | int]:
        if self._n_atoms is None:
            self._n_atoms = atom_count(simulation.system)
        row = super()._row(simulation, state)
        relative = self._take_in(time=float(row[1]), total=float(row[4]))
        per_atom = MEV_PER_EV / self._n_atoms
        drift, sigma = self._line.slope, self._line.sigma_y
        return [*row, relative * per_atom, drift * per_atom, sigma * per_atom]

    def _take_in(self, *, time: float, total: float) -> float:
        """Add a point to the fit and return the total energy relative to the first, eV."""
        if self._first_total_ev is None:
            self._first_total_ev = total
        relative = total - self._first_total_ev
        self._line.add(time, relative)
        return relative
