"""Minimisation with convergence judged by the forces."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import (
    FloatArray,
    forces_ev_per_angstrom,
    positions_angstrom,
    potential_ev,
)
from openmm_mlff.simulation.constraints import (
    along_constraints,
    apply_constraints,
    constrained_pairs,
)
from openmm_mlff.simulation.contexts import make_context, place, warm_up
from openmm_mlff.simulation.platforms import PlatformChoice, named_platform
from openmm_mlff.units import kj_per_mol_nm_from_ev_per_angstrom

_ROUNDS = 3
_LINE_SEARCH_ITERATIONS = 1000
_FORCE_STEPS = 500

# OpenMM's L-BFGS stops on the root mean square of the components, our criterion is the largest
# force on an atom.
_RMS_FRACTION = 0.5

# FIRE, as recommended by Bitzek et al.  In units where all atoms have mass one, bonds of 50 eV/Å²
# are stable up to 0.28.
_FIRST_TIMESTEP = 0.05
_LONGEST_TIMESTEP = 0.25
_STEPS_BEFORE_FASTER = 5
_FASTER, _SLOWER = 1.1, 0.5
_FIRST_MIXING, _MIXING_FALLS_BY = 0.1, 0.99
_LONGEST_MOVE_ANGSTROM = 0.05


@dataclass(frozen=True)
class MinimumResult:
    """Result of a minimisation.

    Attributes:
        positions_angstrom: (N, 3) float64.
        largest_force_ev_per_angstrom: largest norm of the force on an atom, along the constraints.
        converged: whether that is within the tolerance.
    """

    positions_angstrom: FloatArray
    energy_ev: float
    largest_force_ev_per_angstrom: float
    converged: bool

    def __post_init__(self) -> None:
        if self.positions_angstrom.ndim != 2 or self.positions_angstrom.shape[1] != 3:
            raise ValueError(f"positions have shape {self.positions_angstrom.shape}, not (N, 3)")


def minimise(
    system: openmm.System,
    molecule: MolecularSystem,
    *,
    platform: PlatformChoice,
    tolerance_ev_per_angstrom: float = 0.01,
    start_positions_angstrom: npt.ArrayLike | None = None,
) -> MinimumResult:
    """Minimise with OpenMM's L-BFGS, then with FIRE.

    The line search of L-BFGS stops where noise of the energy hides the descent; in float32 that may
    be above 0.01 eV/Å.  Forces are noisy below about 1e-4 eV/Å: a smaller tolerance is not reached,
    and `converged` is False.

    The tolerance holds for the largest norm of the force on an atom.  `start_positions_angstrom`,
    (N, 3), replaces the molecule's positions.

    Raises:
        UnstableError: energies or forces became NaN or infinite.
    """
    if platform.name == "OpenCL" and not platform.on_gpu:
        # OpenMM's L-BFGS ends the process there (pocl 3.1: a segmentation fault).
        platform = named_platform("Reference")
    if start_positions_angstrom is None:
        start_positions_angstrom = molecule.positions_angstrom
    context = make_context(system, platform=platform, positions_angstrom=start_positions_angstrom)
    warm_up(context)
    result = _judge(context, tolerance_ev_per_angstrom=tolerance_ev_per_angstrom)
    for _ in range(_ROUNDS):
        if result.converged:
            break
        _descend(context, molecule, result, tolerance_ev_per_angstrom=tolerance_ev_per_angstrom)
        result = _judge(context, tolerance_ev_per_angstrom=tolerance_ev_per_angstrom)
    return result


def _descend(
    context: openmm.Context,
    molecule: MolecularSystem,
    start: MinimumResult,
    *,
    tolerance_ev_per_angstrom: float,
) -> None:
    """Run L-BFGS, then FIRE."""
    rms = kj_per_mol_nm_from_ev_per_angstrom(_RMS_FRACTION * tolerance_ev_per_angstrom)
    lost = UnstableError(
        f"during the minimisation of {molecule.name}, energies or forces became NaN or infinite; "
        "expected a minimum",
        time_ps=0.0,
        step=0,
    )
    max_steps = _FORCE_STEPS
    try:
        openmm.LocalEnergyMinimizer.minimize(context, rms, _LINE_SEARCH_ITERATIONS)
        apply_constraints(context)
        descend_by_forces(
            context, tolerance_ev_per_angstrom=tolerance_ev_per_angstrom, max_steps=max_steps
        )
        state = context.getState(energy=True, forces=True)
    except openmm.OpenMMException as error:
        if "NaN" in str(error) or "infinite" in str(error):
            raise lost from error
        # The potential refused a geometry of the line search, e.g. because its SCF did not
        # converge; FIRE continues from an accepted geometry.
        place(context, start.positions_angstrom)
        max_steps *= _ROUNDS
        descend_by_forces(
            context, tolerance_ev_per_angstrom=tolerance_ev_per_angstrom, max_steps=max_steps
        )
        state = context.getState(energy=True, forces=True)
    if not (np.isfinite(potential_ev(state)) and np.isfinite(forces_ev_per_angstrom(state)).all()):
        raise lost


def _judge(context: openmm.Context, *, tolerance_ev_per_angstrom: float) -> MinimumResult:
    state = context.getState(positions=True, energy=True, forces=True)
    positions, forces = _free_forces(state, constrained_pairs(context.getSystem()))
    largest_force = float(np.linalg.norm(forces, axis=1).max())
    return MinimumResult(
        positions_angstrom=positions,
        energy_ev=potential_ev(state),
        largest_force_ev_per_angstrom=largest_force,
        converged=largest_force <= tolerance_ev_per_angstrom,
    )


def descend_by_forces(
    context: openmm.Context, *, tolerance_ev_per_angstrom: float, max_steps: int
) -> None:
    """Minimise with FIRE, leaving the Context at the final positions.

    Bitzek, Koskinen, Gähler, Moseler and Gumbsch, Phys. Rev. Lett. 97 (2006) 170201.  In float32
    the error of a molecule's energy is about 3e-5 eV, which hides the descent below 0.01 eV/Å; that
    of its forces is 1e-4 eV/Å.

    Forces are projected onto the constraints, and each step ends on them; there are at most
    `max_steps`.  The tolerance holds for the largest norm of the force on an atom.
    """
    pairs = constrained_pairs(context.getSystem())
    positions, forces = _free_forces(context.getState(positions=True, forces=True), pairs)
    stride = _Stride(forces)
    for _ in range(max_steps):
        if np.linalg.norm(forces, axis=1).max() <= tolerance_ev_per_angstrom:
            return
        place(context, positions + stride.next_move(forces))
        positions, forces = _free_forces(context.getState(positions=True, forces=True), pairs)


def _free_forces(
    state: openmm.State, pairs: npt.NDArray[np.int64]
) -> tuple[FloatArray, FloatArray]:
    """Return positions, Å, and forces along the constraints, eV/Å, (N, 3) each."""
    positions = positions_angstrom(state)
    forces = along_constraints(forces_ev_per_angstrom(state), positions=positions, pairs=pairs)
    return positions, forces


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
