"""Energies and forces through OpenMM, without a step."""

import numpy as np
import openmm

from openmm_mlff import units
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Evaluation
from openmm_mlff.simulation.contexts import warm_up
from openmm_mlff.simulation.platforms import PlatformChoice


def evaluate_in_openmm(
    system: openmm.System,
    molecule: MolecularSystem,
    positions_angstrom: np.ndarray,
    *,
    platform: PlatformChoice,
) -> Evaluation:
    """Evaluate geometries one after the other in one warmed Context.

    Args:
        system: what the potential made of the molecule.
        molecule: at a sane geometry, for the warm-up.
        positions_angstrom: (G, N, 3).
        platform: where.

    Returns:
        Energies and forces, in the order of the geometries.
    """
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName(platform.name),
        dict(platform.properties),
    )
    context.setPositions(units.nm_from_angstrom(molecule.positions_angstrom))
    warm_up(context)
    energies, forces = [], []
    for positions in positions_angstrom:
        context.setPositions(units.nm_from_angstrom(positions))
        state = context.getState(energy=True, forces=True)
        energies.append(state.getPotentialEnergy()._value)
        forces.append(np.array(state.getForces(asNumpy=True)._value))
    return Evaluation(
        units.ev_from_kj_per_mol(np.array(energies)),
        units.ev_per_angstrom_from_kj_per_mol_nm(np.array(forces)),
    )
