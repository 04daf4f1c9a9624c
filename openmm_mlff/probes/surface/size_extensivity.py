"""Are two molecules, far apart, twice one molecule?"""

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.probes.surface.noise import measure_noise

SEPARATION_ANGSTROM = 100.0


def two_copies(molecule: MolecularSystem, *, apart_angstrom: float) -> MolecularSystem:
    """Name the atoms of two copies of a molecule.

    Args:
        molecule: one of them.
        apart_angstrom: how far the second is shifted along x.

    Returns:
        The pair, with the bonds of both.
    """
    shifted = molecule.positions_angstrom + np.array([apart_angstrom, 0.0, 0.0])
    second = tuple((i + molecule.n_atoms, j + molecule.n_atoms) for i, j in molecule.bonds)
    return MolecularSystem(
        name=f"two of {molecule.name}",
        atomic_numbers=np.tile(molecule.atomic_numbers, 2),
        positions_angstrom=np.concatenate([molecule.positions_angstrom, shifted]),
        charge=2 * molecule.charge,
        # Far apart, the unpaired electrons of both are taken as aligned.
        multiplicity=2 * molecule.multiplicity - 1,
        bonds=(*molecule.bonds, *second),
    )


def probe_size_extensivity(subject: ProbeSubject) -> ProbeOutcome:
    """Compare two copies 100 Å apart with one.

    Args:
        subject: what to probe.

    Returns:
        `energy_excess_ev` (G,): E(AB) − 2 E(A); `force_changes` (G, 2, N, 3); `refused` (G,).
    """
    potential, molecule = subject.potential, subject.molecule
    if not potential.composition_is_free:
        return not_applicable(f"{potential.spec} has one molecule built in; two cannot be asked")
    if molecule.is_periodic:
        return not_applicable("a box is doubled by periodic_consistency")
    geometries = subject.geometries()
    one = evaluate_each(subject, molecule, geometries)
    shift = np.array([SEPARATION_ANGSTROM, 0.0, 0.0])
    pair = two_copies(molecule, apart_angstrom=SEPARATION_ANGSTROM)
    two = evaluate_each(subject, pair, np.concatenate([geometries, geometries + shift], axis=1))
    forces = two.forces_ev_per_angstrom.reshape(len(geometries), 2, molecule.n_atoms, 3)
    return ProbeOutcome(
        data={"separation_angstrom": SEPARATION_ANGSTROM, **two.refusals()},
        arrays={
            "energy_excess_ev": two.energies_ev - 2.0 * one.energies_ev,
            "force_changes": forces - one.forces_ev_per_angstrom[:, None],
            "refused": one.refused | two.refused,
            **measure_noise(subject),
        },
    )
