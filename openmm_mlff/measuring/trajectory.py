"""Measure the structure in the frames of a trajectory with MDTraj."""

import mdtraj
import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import (
    BOND_FACTOR,
    MolecularSystem,
    covalent_radii_angstrom,
    fragment_count,
    is_ion_contact,
    pair_distances,
    pairs_within,
)
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS, StabilityLimits
from openmm_mlff.storage.runs import TrajectorySeries
from openmm_mlff.units import angstrom_from_nm, nm_from_angstrom

ALL_PAIRS_UP_TO_ATOMS = 64  # in larger systems, and in boxes, only near pairs are looked at


def analyse_trajectory(
    positions_angstrom: np.ndarray,
    *,
    system: MolecularSystem,
    time_ps: np.ndarray,
    limits: StabilityLimits = DEFAULT_LIMITS,
) -> TrajectorySeries:
    """Measure RMSD, radius of gyration, bonds, fragments and contacts of frames (F, N, 3), Å.

    The radius of gyration is weighted by mass; the RMSD is that of all atoms, after superposition
    on the first finite frame.  In frames whose positions are not finite every measure is NaN, and
    there are 0 fragments.

    Raises:
        RunDirectoryError: the trajectory has another number of atoms than the molecule.
    """
    frames = len(time_ps)
    if positions_angstrom.shape != (frames, system.n_atoms, 3):
        raise RunDirectoryError(
            f"the trajectory of {system.name} has shape {positions_angstrom.shape}, expected "
            f"({frames}, {system.n_atoms}, 3); run the validation again"
        )
    positions = np.asarray(positions_angstrom, dtype=float)
    rmsd, gyration, contact = (np.full(frames, np.nan) for _ in range(3))
    lengths = np.full((frames, len(system.bonds or ())), np.nan)
    fragments = np.zeros(frames, dtype=int)
    finite = np.isfinite(positions).all(axis=(1, 2))
    if finite.any():
        placed = positions[finite]
        trajectory = mdtraj.Trajectory(nm_from_angstrom(placed), topology=None)
        rmsd[finite] = angstrom_from_nm(mdtraj.rmsd(trajectory, trajectory, frame=0))
        # Not mdtraj.compute_rg: with masses it still measures from the unweighted centre.
        weights = system.masses_amu / system.masses_amu.sum()
        centred = placed - np.einsum("fnx,n->fx", placed, weights)[:, None]
        gyration[finite] = np.sqrt(np.einsum("fnx,n->f", centred**2, weights))
        lengths[finite], fragments[finite], contact[finite] = measure_structure(
            placed, system=system, limits=limits
        )
    return TrajectorySeries(
        time_ps=np.asarray(time_ps, dtype=float),
        positions_angstrom=positions,
        rmsd_angstrom=rmsd,
        radius_of_gyration_angstrom=gyration,
        bond_lengths_angstrom=lengths,
        fragments=fragments,
        closest_contact=contact,
    )


def measure_structure(
    positions_angstrom: np.ndarray, *, system: MolecularSystem, limits: StabilityLimits
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure finite frames (F, N, 3), Å.

    A pair counts as joined for the fragments while a bond of the starting structure is not torn
    (without this hysteresis a stiff vibration across the distance at which bonds are drawn would
    count as a break), or where two other atoms come within 1.25 of the sum of their covalent radii
    and do not touch as ions.
    Bonds and contacts cross the borders of a box.

    Returns:
        Bond lengths (F, B) in Å; fragments (F,); the closest contact of unbonded atoms in units of
        the sum of their covalent radii (F,).  Where only near pairs are looked at, that is at most
        1.25 or the limit of contacts, if larger.
    """
    n_atoms = system.n_atoms
    bonds = np.array(system.bonds, dtype=np.int64).reshape(-1, 2)
    known = bonds[:, 0] * n_atoms + bonds[:, 1]
    radii = covalent_radii_angstrom(system.atomic_numbers)
    only_near = system.is_periodic or n_atoms > ALL_PAIRS_UP_TO_ATOMS
    near = max(BOND_FACTOR, limits.contact) if only_near else np.inf
    every_pair = np.stack(np.triu_indices(0 if only_near else n_atoms, k=1), axis=1)
    cell = system.cell_angstrom
    start = pair_distances(system.positions_angstrom, bonds, cell_angstrom=cell)
    lengths = np.empty((len(positions_angstrom), len(bonds)))
    fragments = np.full(len(positions_angstrom), system.fragments)
    contacts = np.full(len(positions_angstrom), near)
    for frame, placed in enumerate(positions_angstrom):
        lengths[frame] = pair_distances(placed, bonds, cell_angstrom=cell)
        holds = lengths[frame] <= limits.bond_longest * start
        if only_near:
            pairs, distances = pairs_within(
                placed,
                cutoff_angstrom=2.0 * near * float(radii.max()),
                cell_angstrom=cell,
            )
        else:
            pairs, distances = every_pair, pair_distances(placed, every_pair)
        relative = distances / radii[pairs].sum(axis=1)
        unbonded = ~np.isin(pairs[:, 0] * n_atoms + pairs[:, 1], known)
        new = pairs[unbonded & (relative < BOND_FACTOR)]
        new = new[~is_ion_contact(system.atomic_numbers, new)]
        contacts[frame] = relative[unbonded].min(initial=near)
        if len(new) or not holds.all():
            joined = np.concatenate([bonds[holds], new])
            fragments[frame] = fragment_count(n_atoms, bonds=joined)
    return lengths, fragments, contacts
