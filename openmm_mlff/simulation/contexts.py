"""Contexts ready for stepping."""

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
    """Build a warmed-up Simulation at step 0 with zero velocities and constraints satisfied.

    Positions are (N, 3).
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
    """Evaluate energy and forces several times before the first step.

    TorchScript's profiling executor computes its first calls on a different graph, and forces
    differ by 1e-7 relative.  A run resumed in a new Context is identical to an uninterrupted one
    only if both are warmed up before they step.
    """
    for _ in range(WARM_UP_EVALUATIONS):
        context.getState(energy=True, forces=True)


def platform_properties(context: openmm.Context) -> dict[str, str]:
    """Return the actual properties of a Context's platform, e.g. CPU threads."""
    platform = context.getPlatform()
    return {name: platform.getPropertyValue(context, name) for name in platform.getPropertyNames()}


def is_isolated(system: openmm.System) -> bool:
    """Check that nothing in a System is periodic, so that angular momentum is conserved."""
    return not system.usesPeriodicBoundaryConditions()
