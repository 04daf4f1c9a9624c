"""Minimisation by forces alone, for energies too noisy for a line search."""

import numpy as np
import numpy.typing as npt
import openmm

from openmm_mlff.reporters.quantities import (
    FloatArray,
    forces_ev_per_angstrom,
    positions_angstrom,
)
from openmm_mlff.simulation.constraints import (
    along_constraints,
    apply_constraints,
    constrained_pairs,
)
from openmm_mlff.units import nm_from_angstrom

# As recommended by Bitzek et al.  In units where all atoms have mass one, bonds of 50 eV/Å² are
# stable up to 0.28.
_FIRST_TIMESTEP = 0.05
_LONGEST_TIMESTEP = 0.25
_STEPS_BEFORE_FASTER = 5
_FASTER, _SLOWER = 1.1, 0.5
_FIRST_MIXING, _MIXING_FALLS_BY = 0.1, 0.99
_LONGEST_MOVE_ANGSTROM = 0.05


def descend_by_forces(
    context: openmm.Context, *, tolerance_ev_per_angstrom: float, max_steps: int
) -> None:
    """Minimise with FIRE, leaving the Context at the final positions.

    Bitzek, Koskinen, Gähler, Moseler and Gumbsch, Phys. Rev. Lett. 97 (2006) 170201.  In float32
    the error of a molecule's energy is about 3e-5 eV, which hides the descent below 0.01 eV/Å; that
    of its forces is 1e-4 eV/Å.

    Forces are projected onto the constraints, and each step ends on them.

    Args:
        context: with positions set.
        tolerance_ev_per_angstrom: largest norm of the force on an atom.
        max_steps: largest number of evaluations.
    """
    pairs = constrained_pairs(context.getSystem())
    positions, forces = _here(context, pairs)
    stride = _Stride(forces)
    for _ in range(max_steps):
        if np.linalg.norm(forces, axis=1).max() <= tolerance_ev_per_angstrom:
            return
        positions = positions + stride.next_move(forces)
        context.setPositions(nm_from_angstrom(positions))
        apply_constraints(context)
        positions, forces = _here(context, pairs)


def _here(context: openmm.Context, pairs: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Return positions, Å, and forces along the constraints, eV/Å, (N, 3) each."""
    state = context.getState(positions=True, forces=True)
    positions = positions_angstrom(state)
    forces = forces_ev_per_angstrom(state)
    return positions, along_constraints(forces, positions=positions, pairs=pairs)


class _Stride:
    """Velocity, timestep and mixing of FIRE."""

    def __init__(self, forces: FloatArray) -> None:
        self._velocities = np.zeros_like(forces)
        self._timestep = _FIRST_TIMESTEP
        self._mixing = _FIRST_MIXING
        self._downhill_steps = 0

    def next_move(self, forces: FloatArray) -> FloatArray:
        """Return the next displacement, (N, 3), Å."""
        if np.vdot(forces, self._velocities) > 0.0:
            speed = np.linalg.norm(self._velocities)
            along = forces * (speed / np.linalg.norm(forces))
            self._velocities = (1.0 - self._mixing) * self._velocities + self._mixing * along
            self._downhill_steps += 1
            if self._downhill_steps > _STEPS_BEFORE_FASTER:
                self._timestep = min(self._timestep * _FASTER, _LONGEST_TIMESTEP)
                self._mixing *= _MIXING_FALLS_BY
        else:
            self._velocities = np.zeros_like(forces)
            self._timestep *= _SLOWER
            self._mixing = _FIRST_MIXING
            self._downhill_steps = 0
        self._velocities = self._velocities + self._timestep * forces
        move = self._timestep * self._velocities
        length = np.linalg.norm(move, axis=1).max()
        return move * min(1.0, _LONGEST_MOVE_ANGSTROM / length)
