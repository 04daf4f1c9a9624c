"""Contexts that are ready to be stepped."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.simulation.constraints import apply_constraints
from openmm_mlff.simulation.topology import openmm_topology
from openmm_mlff.units import nm_from_angstrom

if TYPE_CHECKING:
    from openmm_mlff.simulation.platforms import PlatformChoice

WARM_UP_EVALUATIONS = 5


def make_simulation(
    system: openmm.System,
    molecule: MolecularSystem,
    integrator: openmm.Integrator,
    *,
    platform: "PlatformChoice",
    positions_angstrom: npt.ArrayLike,
) -> app.Simulation:
    """Make a Simulation, place the atoms on its constraints and warm it up.

    Args:
        system: what the potential made of the molecule.
        molecule: names the atoms.
        integrator: owned by the Simulation from now on.
        platform: where it runs.
        positions_angstrom: (N, 3), Å.

    Returns:
        The Simulation, at step 0, with velocities zero.
    """
    simulation = app.Simulation(
        openmm_topology(molecule),
        system,
        integrator,
        openmm.Platform.getPlatformByName(platform.name),
        dict(platform.properties),
    )
    simulation.context.setPositions(nm_from_angstrom(np.asarray(positions_angstrom)))
    apply_constraints(simulation.context)
    warm_up(simulation.context)
    return simulation


def warm_up(context: openmm.Context) -> None:
    """Evaluate energy and forces a few times before the first step.

    TorchScript's profiling executor computes its first calls on another graph than the later
    ones, and forces differ by 1e-7 relative.  A run that is resumed in a new Context equals one
    that was never stopped, to the last bit, only when both are warm before they step.

    Args:
        context: with positions set.
    """
    for _ in range(WARM_UP_EVALUATIONS):
        context.getState(energy=True, forces=True)


def platform_properties(context: openmm.Context) -> dict[str, str]:
    """Give the properties of a Context's platform as they came out, e.g. CPU threads."""
    platform = context.getPlatform()
    return {name: platform.getPropertyValue(context, name) for name in platform.getPropertyNames()}


def is_isolated(system: openmm.System) -> bool:
    """Whether nothing in a System is periodic, so that its angular momentum is conserved."""
    return not system.usesPeriodicBoundaryConditions()
