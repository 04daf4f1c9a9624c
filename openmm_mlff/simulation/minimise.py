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
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.simulation.fire import descend_by_forces
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.units import kj_per_mol_nm_from_ev_per_angstrom, nm_from_angstrom

_ROUNDS = 3
_LINE_SEARCH_ITERATIONS = 1000
_FORCE_STEPS = 500

# OpenMM's L-BFGS stops on the root mean square of the components, our criterion is the largest
# force on an atom.
_RMS_FRACTION = 0.5

# Timestep of an integrator that is never stepped.
_UNUSED_TIMESTEP_PS = 0.001


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

    Args:
        system: of the molecule.
        molecule: with the default start.
        platform: of the calculation.
        tolerance_ev_per_angstrom: largest norm of the force on an atom.
        start_positions_angstrom: (N, 3), instead of the molecule's.

    Raises:
        UnstableError: energies or forces became NaN or infinite.
    """
    start = molecule.positions_angstrom
    simulation = make_simulation(
        system,
        molecule,
        openmm.VerletIntegrator(_UNUSED_TIMESTEP_PS),
        platform=platform,
        positions_angstrom=start if start_positions_angstrom is None else start_positions_angstrom,
    )
    context = simulation.context
    here = _judge(context, tolerance_ev_per_angstrom=tolerance_ev_per_angstrom)
    for _ in range(_ROUNDS):
        if here.converged:
            break
        _descend(context, molecule, here, tolerance_ev_per_angstrom=tolerance_ev_per_angstrom)
        here = _judge(context, tolerance_ev_per_angstrom=tolerance_ev_per_angstrom)
    return here


def _descend(
    context: openmm.Context,
    molecule: MolecularSystem,
    here: MinimumResult,
    *,
    tolerance_ev_per_angstrom: float,
) -> None:
    """Run L-BFGS, then FIRE."""
    rms = kj_per_mol_nm_from_ev_per_angstrom(_RMS_FRACTION * tolerance_ev_per_angstrom)
    try:
        openmm.LocalEnergyMinimizer.minimize(context, rms, _LINE_SEARCH_ITERATIONS)
        apply_constraints(context)
        descend_by_forces(
            context,
            tolerance_ev_per_angstrom=tolerance_ev_per_angstrom,
            max_steps=_FORCE_STEPS,
        )
        state = context.getState(energy=True, forces=True)
    except openmm.OpenMMException as error:
        if "NaN" in str(error) or "infinite" in str(error):
            raise _lost(molecule) from error
        # The potential refused a geometry of the line search, e.g. because its SCF did not
        # converge; FIRE continues from an accepted geometry.
        context.setPositions(nm_from_angstrom(here.positions_angstrom))
        descend_by_forces(
            context,
            tolerance_ev_per_angstrom=tolerance_ev_per_angstrom,
            max_steps=_ROUNDS * _FORCE_STEPS,
        )
        state = context.getState(energy=True, forces=True)
    if not (np.isfinite(potential_ev(state)) and np.isfinite(forces_ev_per_angstrom(state)).all()):
        raise _lost(molecule)


def _lost(molecule: MolecularSystem) -> UnstableError:
    return UnstableError(
        f"minimisation of {molecule.name} met energies or forces that are not numbers; "
        "expected a minimum",
        time_ps=0.0,
        step=0,
    )


def _judge(context: openmm.Context, *, tolerance_ev_per_angstrom: float) -> MinimumResult:
    state = context.getState(positions=True, energy=True, forces=True)
    positions = positions_angstrom(state)
    free = along_constraints(
        forces_ev_per_angstrom(state),
        positions=positions,
        pairs=constrained_pairs(context.getSystem()),
    )
    largest_force = float(np.linalg.norm(free, axis=1).max())
    return MinimumResult(
        positions_angstrom=positions,
        energy_ev=potential_ev(state),
        largest_force_ev_per_angstrom=largest_force,
        converged=largest_force <= tolerance_ev_per_angstrom,
    )
