"""Measure the frames of a trajectory with MDTraj."""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import (
    BOND_FACTOR,
    MolecularSystem,
    covalent_radii_angstrom,
    fragment_count,
    pairs_within,
)
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS, StabilityLimits
from openmm_mlff.storage.runs import TrajectorySeries
from openmm_mlff.units import angstrom_from_nm, nm_from_angstrom

if TYPE_CHECKING:
    import mdtraj

ALL_PAIRS_UP_TO_ATOMS = 64
"""In larger systems, and in boxes, only near pairs are looked at."""

DISTANCES_AT_ONCE = 4_000_000
"""Distances held in memory at one time; frames are taken in portions of so many."""


def analyse_trajectory(
    positions_angstrom: np.ndarray,
    *,
    system: MolecularSystem,
    time_ps: np.ndarray,
    limits: StabilityLimits = DEFAULT_LIMITS,
) -> TrajectorySeries:
    """Measure RMSD, radius of gyration, bonds, fragments and contacts of frames (F, N, 3), Å.

    There is at least one frame.  The radius of gyration is weighted by mass; the RMSD is that of
    all atoms, after superposition on the first finite frame.  A pair counts as joined for the
    fragments while a bond of the starting structure is not torn (without this hysteresis a stiff
    vibration across the distance at which bonds are drawn would count as a break), or where two
    other atoms come within 1.25 of the sum of their covalent radii.  In frames whose positions are
    not finite every measure is NaN, and there are 0 fragments.

    Raises:
        RunDirectoryError: the trajectory has another number of atoms than the molecule.
    """
    if positions_angstrom.shape != (len(time_ps), system.n_atoms, 3):
        raise RunDirectoryError(
            f"the trajectory of {system.name} has shape {positions_angstrom.shape}, expected "
            f"({len(time_ps)}, {system.n_atoms}, 3); run the validation again"
        )
    frames = len(time_ps)
    n_bonds = len(system.bonds or ())
    rmsd, gyration, contact = (np.full(frames, np.nan) for _ in range(3))
    lengths = np.full((frames, n_bonds), np.nan)
    fragments = np.zeros(frames, dtype=int)
    finite = np.flatnonzero(np.isfinite(positions_angstrom).all(axis=(1, 2)))
    if len(finite):
        trajectory = _mdtraj_trajectory(positions_angstrom[finite], system=system)
        rmsd[finite], gyration[finite] = _shape(trajectory, system=system)
        if system.is_periodic or system.n_atoms > ALL_PAIRS_UP_TO_ATOMS:
            measured = sparse_structure(positions_angstrom[finite], system=system, limits=limits)
            lengths[finite], fragments[finite], contact[finite] = measured
            finite = finite[:0]
        n_pairs = system.n_atoms * (system.n_atoms - 1) // 2
        portion = max(1, DISTANCES_AT_ONCE // max(1, n_pairs))
        for start in range(0, len(finite), portion):
            part = slice(start, start + portion)
            measured = _structure(trajectory[part], system=system, bond_longest=limits.bond_longest)
            lengths[finite[part]], fragments[finite[part]], contact[finite[part]] = measured
    return TrajectorySeries(
        time_ps=np.asarray(time_ps, dtype=float),
        positions_angstrom=np.asarray(positions_angstrom, dtype=float),
        rmsd_angstrom=rmsd,
        radius_of_gyration_angstrom=gyration,
        bond_lengths_angstrom=lengths,
        fragments=fragments,
        closest_contact=contact,
    )


def _mdtraj_trajectory(
    positions_angstrom: np.ndarray, *, system: MolecularSystem
) -> "mdtraj.Trajectory":
    import mdtraj

    topology = mdtraj.Topology()
    residue = topology.add_residue("MOL", topology.add_chain())
    for index, number in enumerate(system.atomic_numbers):
        element = mdtraj.element.Element.getByAtomicNumber(int(number))
        topology.add_atom(f"{element.symbol}{index}", element, residue)
    return mdtraj.Trajectory(nm_from_angstrom(positions_angstrom), topology)


def _shape(
    trajectory: "mdtraj.Trajectory", *, system: MolecularSystem
) -> tuple[np.ndarray, np.ndarray]:
    """Return RMSD and radius of gyration, each (F,), Å."""
    import mdtraj

    rmsd_nm = mdtraj.rmsd(trajectory, trajectory, frame=0)
    # Not mdtraj.compute_rg: with masses it still measures from the unweighted centre.
    weights = system.masses_amu / system.masses_amu.sum()
    xyz_nm = trajectory.xyz.astype(float)
    centred_nm = xyz_nm - np.einsum("fnx,n->fx", xyz_nm, weights)[:, None]
    gyration_nm = np.sqrt(np.einsum("fnx,n->f", centred_nm**2, weights))
    return angstrom_from_nm(rmsd_nm), angstrom_from_nm(gyration_nm)


def _structure(
    trajectory: "mdtraj.Trajectory", *, system: MolecularSystem, bond_longest: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return bond lengths (F, B) in Å, fragments (F,) and closest contacts (F,)."""
    import mdtraj

    n_atoms = system.n_atoms
    bonds = np.array(system.bonds, dtype=int).reshape(-1, 2)
    pairs = np.stack(np.triu_indices(n_atoms, k=1), axis=1)
    if not len(pairs):
        empty = np.empty((trajectory.n_frames, 0))
        return empty, np.ones(len(empty), dtype=int), np.full(len(empty), np.inf)
    distances = angstrom_from_nm(
        mdtraj.compute_distances(trajectory, pairs, periodic=False).astype(float)
    )
    # Pairs stand row by row in the upper triangle: (i, j) is at i n − i (i + 1) / 2 + j − i − 1.
    i, j = bonds.T
    bonded = i * n_atoms - i * (i + 1) // 2 + j - i - 1
    lengths = distances[:, bonded]
    radii = covalent_radii_angstrom(system.atomic_numbers)
    relative = distances / radii[pairs].sum(axis=1)
    torn = lengths > bond_longest * _lengths(system.positions_angstrom, bonds)
    joined = relative < BOND_FACTOR
    joined[:, bonded] = ~torn
    fragments = np.full(len(distances), system.fragments)
    as_at_start = np.zeros(len(pairs), dtype=bool)
    as_at_start[bonded] = True
    for frame in np.flatnonzero((joined != as_at_start).any(axis=1)):
        fragments[frame] = fragment_count(n_atoms, bonds=pairs[joined[frame]])
    relative[:, bonded] = np.inf
    return lengths, fragments, relative.min(axis=1)


def sparse_structure(
    positions_angstrom: np.ndarray, *, system: MolecularSystem, limits: StabilityLimits
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure frames (F, N, 3), Å, which are finite.

    Molecules are not split at the borders of a box, as OpenMM leaves them; contacts cross them.

    Returns:
        Bond lengths (F, B) in Å; fragments (F,); the closest contact of unbonded atoms in units of
        the sum of their covalent radii (F,), at most 1.25 or the limit of contacts, if larger.
    """
    bonds = np.array(system.bonds, dtype=np.int64).reshape(-1, 2)
    radii = covalent_radii_angstrom(system.atomic_numbers)
    near = max(BOND_FACTOR, limits.contact)
    reach = 2.0 * near * float(radii.max())
    lengths = _lengths(positions_angstrom, bonds)
    holds = lengths <= limits.bond_longest * _lengths(system.positions_angstrom, bonds)
    known = bonds[:, 0] * system.n_atoms + bonds[:, 1]
    fragments = np.full(len(positions_angstrom), system.fragments)
    contacts = np.full(len(positions_angstrom), near)
    for frame, positions in enumerate(positions_angstrom):
        pairs, distances = pairs_within(
            positions, cutoff_angstrom=reach, cell_angstrom=system.cell_angstrom
        )
        relative = distances / radii[pairs].sum(axis=1)
        unbonded = ~np.isin(pairs[:, 0] * system.n_atoms + pairs[:, 1], known)
        new = pairs[unbonded & (relative < BOND_FACTOR)]
        contacts[frame] = relative[unbonded].min(initial=near)
        if len(new) or not holds[frame].all():
            joined = np.concatenate([bonds[holds[frame]], new])
            fragments[frame] = fragment_count(system.n_atoms, bonds=joined)
    return lengths, fragments, contacts


def _lengths(positions_angstrom: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    apart = positions_angstrom[..., pairs[:, 0], :] - positions_angstrom[..., pairs[:, 1], :]
    return np.asarray(np.linalg.norm(apart, axis=-1))
