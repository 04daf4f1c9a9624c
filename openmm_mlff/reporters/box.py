"""Volume, density and pressure of a periodic box as CSV."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import openmm
from openmm import unit

from openmm_mlff.molecules.system import box_widths_angstrom
from openmm_mlff.reporters.base import CsvReporter
from openmm_mlff.reporters.quantities import box_angstrom, masses_amu, time_ps
from openmm_mlff.reporters.stability import UnstableError
from openmm_mlff.units import density_g_per_cm3

BOX_COLUMNS = (
    "step",
    "time_ps",
    "volume_A3",
    "density_g_per_cm3",
    "narrowest_width_A",
    "pressure_bar",
)


class BoxReporter(CsvReporter):
    """Volume (Å³), density (g/cm³), narrowest width (Å) and instantaneous pressure (bar) as CSV.

    Works in any OpenMM script with a periodic box::

        simulation.reporters.append(BoxReporter("box.csv", 100, cutoff_angstrom=6.0))

    Args:
        file: path of the CSV file.
        interval: steps between two rows.
        resume_after_step: None starts a new file; otherwise rows up to this step are kept.
        with_pressure: whether to compute the pressure, see :func:`pressure_bar`; two evaluations.
        cutoff_angstrom: of a potential that finds pairs by the minimum image; the run is stopped
            when the box, which a barostat changes, becomes narrower than twice the cutoff.
    """

    columns: ClassVar[tuple[str, ...]] = BOX_COLUMNS

    _mass_amu: float | None = None

    def __init__(
        self,
        file: str | Path,
        interval: int,
        *,
        resume_after_step: int | None = None,
        with_pressure: bool = True,
        cutoff_angstrom: float = 0.0,
    ) -> None:
        super().__init__(file, interval, resume_after_step=resume_after_step)
        self._with_pressure = with_pressure
        self._cutoff_angstrom = cutoff_angstrom

    def _row(self, simulation: Any, state: Any) -> Sequence[float | int]:
        if self._mass_amu is None:
            self._mass_amu = float(masses_amu(simulation.system).sum())
        cell, step = box_angstrom(state), int(simulation.currentStep)
        volume, narrowest = float(np.linalg.det(cell)), float(box_widths_angstrom(cell).min())
        if narrowest < 2.0 * self._cutoff_angstrom:
            reason = (
                f"the box is {narrowest:.3f} Å wide; expected at least twice the cutoff of "
                f"{self._cutoff_angstrom:g} Å"
            )
            raise UnstableError.at(reason, time_ps=time_ps(state), step=step, atoms=())
        pressure = pressure_bar(simulation.context) if self._with_pressure else np.nan
        density = density_g_per_cm3(self._mass_amu, volume_angstrom3=volume)
        return [step, time_ps(state), volume, density, narrowest, pressure]


def pressure_bar(context: openmm.Context) -> float:
    """Return the instantaneous pressure of a Context, bar; NaN if its System has no barostat.

    P = (2 K_M/3 − dE/d ln V) / V with the kinetic energy of the molecules that the barostat moves;
    OpenMM computes it by finite differences.  At constant volume, add a barostat of frequency 0.
    """
    for force in context.getSystem().getForces():
        if isinstance(force, (openmm.MonteCarloBarostat, openmm.MonteCarloAnisotropicBarostat)):
            found = force.computeCurrentPressure(context).value_in_unit(unit.bar)
            return float(np.mean(np.asarray(found, dtype=float)))
    return float("nan")
