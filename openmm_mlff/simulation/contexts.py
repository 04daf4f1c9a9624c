"""Contexts ready for stepping."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.sites import of_atoms
from openmm_mlff.simulation.constraints import apply_constraints
from openmm_mlff.simulation.topology import openmm_topology
from openmm_mlff.units import nm_from_angstrom

if TYPE_CHECKING:
    from openmm_mlff.simulation.platforms import PlatformChoice

WARM_UP_EVALUATIONS = 5
UNUSED_TIMESTEP_PS = 0.001
"""Of an integrator that is never stepped."""


def make_context(
    system: openmm.System,
    integrator: openmm.Integrator | None = None,
    *,
    platform: "PlatformChoice",
    positions_angstrom: npt.ArrayLike,
) -> openmm.Context:
    """Build a Context at positions (N, 3) with constraints satisfied; it is not warmed up.

    Without an integrator, it only evaluates energies and forces.
    """
    context = openmm.Context(
        system,
        integrator or openmm.VerletIntegrator(UNUSED_TIMESTEP_PS),
        openmm.Platform.getPlatformByName(platform.name),
        dict(platform.properties),
    )
    place(of_atoms(context), positions_angstrom)
    return context


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
    place(of_atoms(simulation.context), positions_angstrom)
    warm_up(simulation.context)
    return simulation


def place(context: openmm.Context, positions_angstrom: npt.ArrayLike) -> None:
    """Set positions, (N, 3) or (n, N, 3) for n copies, and move them onto the constraints."""
    context.setPositions(nm_from_angstrom(np.asarray(positions_angstrom).reshape(-1, 3)))
    apply_constraints(context)


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
