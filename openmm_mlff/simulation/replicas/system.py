"""N copies of one molecule in one OpenMM System."""

from dataclasses import dataclass

import numpy as np
import openmm

from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.reporters.quantities import FloatArray, potential_ev
from openmm_mlff.simulation.contexts import warm_up
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.replicas.module import (
    Batch,
    CopyEnergies,
    can_be_batched,
    student_batch,
)
from openmm_mlff.units import nm_from_angstrom


@dataclass(frozen=True)
class ReplicaSystem:
    """N copies that do not feel each other.

    Attributes:
        system: of n N particles, copy after copy.
        single: the System of one copy.
        energies_ev: potential energies copy by copy; None where only OpenMM can tell.
    """

    system: openmm.System
    single: openmm.System
    energies_ev: CopyEnergies | None


def replica_system(
    potential: Potential, molecule: MolecularSystem, n: int, *, precision: str = "mixed"
) -> openmm.System:
    """Make an OpenMM System of n copies of a molecule that do not feel each other.

    Args:
        potential: a student runs all copies in one call; any other has its own force a copy, which
            is right and no faster than one copy at a time.
        molecule: isolated; masses come from it.
        n: how many copies.
        precision: ``single`` and ``mixed`` run float32 weights, ``double`` float64.

    Returns:
        A System of n N particles, copy after copy, without constraints.

    Raises:
        ConfigError: n is not positive.
        PotentialError: the molecule is periodic, or the potential is no sum of forces.
    """
    return make_copies(potential, molecule, n, precision=precision).system


def make_copies(
    potential: Potential, molecule: MolecularSystem, n: int, *, precision: str
) -> ReplicaSystem:
    """Make n copies of a molecule; see :func:`replica_system`.

    Args:
        potential: any that is a sum of forces.
        molecule: isolated.
        n: how many copies.
        precision: of the weights.

    Returns:
        Their System, that of one, and the energies copy by copy.

    Raises:
        ConfigError: n is not positive.
    """
    if n < 1:
        raise ConfigError(f"{n} copies of {molecule.name} were asked for; expected at least 1")
    single = single_copy(potential, molecule, precision=precision)
    batch = _batch(potential, molecule, n, precision=precision)
    system = openmm.System()
    for _ in range(n):
        for mass_amu in molecule.masses_amu:
            system.addParticle(float(mass_amu))
    for force in batch.forces:
        system.addForce(force)
    return ReplicaSystem(system, single, batch.energies_ev)


def single_copy(
    potential: Potential, molecule: MolecularSystem, *, precision: str
) -> openmm.System:
    """Make the System of one copy, where copies of it can share another.

    Args:
        potential: any that is a sum of forces.
        molecule: isolated.
        precision: of the weights.

    Returns:
        The System.

    Raises:
        PotentialError: the molecule is periodic, or the potential is no sum of forces.
    """
    if molecule.is_periodic:
        raise PotentialError(
            f"copies of {molecule.name} cannot share a System: it lies in a periodic box; expected "
            "an isolated molecule: run its replicas one after the other"
        )
    if type(potential).create_system is not Potential.create_system:
        raise PotentialError(
            f"{potential.spec} makes a whole System of its own, which cannot hold copies; expected "
            "a potential that is a sum of forces: run its replicas one after the other"
        )
    return potential.create_system(molecule, precision=precision)


def _batch(potential: Potential, molecule: MolecularSystem, n: int, *, precision: str) -> Batch:
    """Give one force for all copies of a student, else the potential's own for each copy."""
    if isinstance(potential, StudentPotential) and can_be_batched(potential, molecule):
        return student_batch(potential, molecule, n, precision=precision)
    size = molecule.n_atoms
    forces = [
        force
        for copy in range(n)
        for force in potential.create_forces(
            molecule, precision=precision, particles=range(copy * size, (copy + 1) * size)
        )
    ]
    return Batch(forces, None)


def energies_by_openmm(
    single: openmm.System, *, platform: PlatformChoice, positions_angstrom: FloatArray
) -> CopyEnergies:
    """Let OpenMM tell the energies of copies, one after the other in a Context of one.

    Args:
        single: the System of one copy.
        platform: on which the copies run.
        positions_angstrom: where it is warmed up, (N, 3), Å.

    Returns:
        The function.
    """
    context = openmm.Context(
        single,
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName(platform.name),
        dict(platform.properties),
    )
    context.setPositions(nm_from_angstrom(positions_angstrom))
    warm_up(context)

    def energy_ev(placed_angstrom: FloatArray) -> float:
        if not np.isfinite(placed_angstrom).all():
            # Some platforms refuse them.
            return float("nan")
        context.setPositions(nm_from_angstrom(placed_angstrom))
        return potential_ev(context.getState(energy=True))

    return lambda copies_angstrom: np.array([energy_ev(placed) for placed in copies_angstrom])
