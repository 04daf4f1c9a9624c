"""N copies of one molecule in one OpenMM System."""

from dataclasses import dataclass

import numpy as np
import openmm

from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.reporters.quantities import FloatArray, potential_ev
from openmm_mlff.simulation.contexts import make_context, place, warm_up
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.replicas.module import can_be_batched, student_batch
from openmm_mlff.simulation.states import CopyEnergies


@dataclass(frozen=True)
class ReplicaSystem:
    """N noninteracting copies.

    Attributes:
        system: of n N particles, copy after copy.
        single: System of one copy.
        energies_ev: of each copy; None if only OpenMM can compute them.
    """

    system: openmm.System
    single: openmm.System
    energies_ev: CopyEnergies | None


def make_copies(
    potential: Potential, molecule: MolecularSystem, n: int, *, precision: str = "mixed"
) -> ReplicaSystem:
    """Build a System of n noninteracting copies of a molecule, without constraints.

    Args:
        potential: a student evaluates all copies in one call; other potentials have one force per
            copy, which is not faster than running one copy at a time.
        molecule: isolated; with the masses.
        n: number of copies.
        precision: ``single`` and ``mixed`` use float32 weights, ``double`` float64.

    Raises:
        ConfigError: n is not positive.
        PotentialError: the molecule is periodic, or the potential is not a sum of forces.
    """
    if n < 1:
        raise ConfigError(f"{n} copies of {molecule.name} were requested; expected at least 1")
    single = single_copy(potential, molecule, precision=precision)
    system = openmm.System()
    for mass_amu in np.tile(molecule.masses_amu, n):
        system.addParticle(float(mass_amu))
    if isinstance(potential, StudentPotential) and can_be_batched(potential, molecule):
        force, energies_ev = student_batch(potential, molecule, n, precision=precision)
        system.addForce(force)
        return ReplicaSystem(system, single, energies_ev)
    for first in range(0, n * molecule.n_atoms, molecule.n_atoms):
        particles = range(first, first + molecule.n_atoms)
        for force in potential.create_forces(molecule, precision=precision, particles=particles):
            system.addForce(force)
    return ReplicaSystem(system, single, None)


def single_copy(
    potential: Potential, molecule: MolecularSystem, *, precision: str
) -> openmm.System:
    """Return the System of one copy of an isolated molecule.

    Raises:
        PotentialError: the molecule is periodic, or the potential is not a sum of forces.
    """
    if molecule.is_periodic:
        raise PotentialError(
            f"copies of {molecule.name} cannot share a System: it is in a periodic box; expected "
            "an isolated molecule: run its replicas one after the other"
        )
    if type(potential).create_system is not Potential.create_system:
        raise PotentialError(
            f"{potential.spec} creates a complete System, which cannot contain copies; expected a "
            "potential that is a sum of forces: run its replicas one after the other"
        )
    return potential.create_system(molecule, precision=precision)


def energies_by_openmm(
    single: openmm.System, *, platform: PlatformChoice, positions_angstrom: FloatArray
) -> CopyEnergies:
    """Return a function that computes the energy of each copy in a Context of one copy.

    The Context is warmed up at `positions_angstrom`, (N, 3).
    """
    context = make_context(single, platform=platform, positions_angstrom=positions_angstrom)
    warm_up(context)

    def energy_ev(placed_angstrom: FloatArray) -> float:
        if not np.isfinite(placed_angstrom).all():
            # Some platforms refuse non-finite positions.
            return float("nan")
        place(context, placed_angstrom)
        return potential_ev(context.getState(energy=True))

    return lambda copies_angstrom: np.array([energy_ev(placed) for placed in copies_angstrom])
