"""The minimum of the potential, at which everything else starts."""

import math
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import MoleculeError
from openmm_mlff.measuring.hessian import MOST_ATOMS
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.monitor import StabilityLimits, StabilityMonitor
from openmm_mlff.simulation.minimise import minimise
from openmm_mlff.storage.shared import Minimum

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

SOUGHT_FORCE_EV_PER_ANGSTROM = 0.0005
"""The library's structures are the reference's own minima: at a looser limit an accurate model
would not move from them."""

LIQUID_FORCE_EV_PER_ANGSTROM = 0.01
"""For systems too large for their Hessian: no check needs one of the many minima of a liquid."""


def measure_minimum(subject: "Subject") -> Minimum:
    """Minimise the molecule in OpenMM.

    Where energies or forces became infinite or NaN, the result is the input geometry with the
    failure.
    """
    asked, is_small = subject.asked, subject.asked.n_atoms <= MOST_ATOMS
    tolerance = SOUGHT_FORCE_EV_PER_ANGSTROM if is_small else LIQUID_FORCE_EV_PER_ANGSTROM
    subject.report("minimisation", 0, 1)
    system = subject.potential.create_system(asked, precision=subject.precision)
    try:
        found = minimise(
            system, asked, platform=subject.platform, tolerance_ev_per_angstrom=tolerance
        )
    except UnstableError as error:
        return Minimum(
            positions_angstrom=np.array(asked.positions_angstrom),
            energy_ev=math.nan,
            largest_force_ev_per_angstrom=math.nan,
            failure=error.message,
        )
    subject.report("minimisation", 1, 1)
    return Minimum(
        positions_angstrom=found.positions_angstrom,
        energy_ev=found.energy_ev,
        largest_force_ev_per_angstrom=found.largest_force_ev_per_angstrom,
    )


def start_molecule(
    asked: MolecularSystem, minimum: Minimum, *, limits: StabilityLimits
) -> MolecularSystem:
    """Return the molecule at its minimum if it is still the same molecule within `limits`.

    Atoms that came apart in the minimisation no longer interact, and would pass every check of
    symmetry.
    """
    monitor = StabilityMonitor(
        asked.atomic_numbers,
        positions_angstrom=asked.positions_angstrom,
        bonds=asked.bonds or (),
        cell_angstrom=asked.cell_angstrom,
        limits=limits,
    )
    if monitor.check_positions(minimum.positions_angstrom) is not None:
        return asked
    return relaxed_molecule(asked, minimum)


def relaxed_molecule(asked: MolecularSystem, minimum: Minimum) -> MolecularSystem:
    """Return the molecule where its minimisation ended, even if it dissociated."""
    try:
        return asked.with_positions(minimum.positions_angstrom)
    except MoleculeError:
        return asked
