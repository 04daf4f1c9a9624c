"""The minimum of the potential, from which everything else starts."""

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
"""Sought more closely than is needed: the library's structures are the reference's own minima, and
at a looser limit a good model would not move from them at all."""

LIQUID_FORCE_EV_PER_ANGSTROM = 0.01
"""For systems too large for their Hessian: a liquid has many minima, and no check needs one."""


def measure_minimum(subject: "Subject") -> Minimum:
    """Minimise the molecule in OpenMM.

    Args:
        subject: what is minimised.

    Returns:
        The minimum; where energies or forces became infinite or NaN, the geometry asked for, with
        the failure.
    """
    subject.report("minimise", 0, 1)
    is_small = subject.asked.n_atoms <= MOST_ATOMS
    system = subject.potential.create_system(subject.asked, precision=subject.precision)
    try:
        found = minimise(
            system,
            subject.asked,
            platform=subject.platform,
            tolerance_ev_per_angstrom=(
                SOUGHT_FORCE_EV_PER_ANGSTROM if is_small else LIQUID_FORCE_EV_PER_ANGSTROM
            ),
        )
    except UnstableError as error:
        return Minimum(
            positions_angstrom=np.array(subject.asked.positions_angstrom),
            energy_ev=float("nan"),
            largest_force_ev_per_angstrom=float("nan"),
            failure=error.message,
        )
    subject.report("minimise", 1, 1)
    return Minimum(
        positions_angstrom=found.positions_angstrom,
        energy_ev=found.energy_ev,
        largest_force_ev_per_angstrom=found.largest_force_ev_per_angstrom,
    )


def start_molecule(
    asked: MolecularSystem, minimum: Minimum, *, limits: StabilityLimits
) -> MolecularSystem:
    """Return the molecule at its minimum where it is still the same molecule there.

    Atoms that came apart in the minimisation no longer interact and would pass every question
    about symmetry.

    Args:
        asked: as it was asked for.
        minimum: of the potential.
        limits: beyond which it is another molecule.

    Returns:
        The molecule on which the energy surface is examined.
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
    """Return the molecule where minimisation ended, whatever became of it.

    Args:
        asked: as it was asked for.
        minimum: of the potential.

    Returns:
        Where simulations start.
    """
    try:
        return asked.with_positions(minimum.positions_angstrom)
    except MoleculeError:
        return asked
