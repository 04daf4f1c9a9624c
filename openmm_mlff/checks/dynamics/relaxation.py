"""Whether a structure given by the user keeps its bonds where it is relaxed."""

from collections.abc import Mapping

import numpy as np

from openmm_mlff.checks.inputs import stored_record
from openmm_mlff.molecules import (
    MolecularSystem,
    covalent_bonds,
    fragment_count,
    name_atoms,
    pair_distances,
)
from openmm_mlff.storage.runs import Runs
from openmm_mlff.storage.shared import Minimum, ReferenceMinimum


def change_on_relaxation(record: Runs, *, limits: Mapping[str, float]) -> str:
    """Return why a structure that changed may itself be the cause; empty where it is not."""
    system = record.system
    minimum = stored_record(record, "minimum", Minimum)
    if system.in_library or minimum is None or minimum.failure:
        return ""
    changed = _changed_bonds(system, minimum.positions_angstrom, limits=limits)
    if not changed:
        return ""
    reference = stored_record(record, "reference_minimum", ReferenceMinimum)
    if reference is None or reference.reason or not np.isfinite(reference.positions_angstrom).all():
        found = "no reference has relaxed it"
    elif _changed_bonds(system, reference.positions_angstrom, limits=limits):
        found = "relaxing it with the reference does, too"
    else:
        return ""
    return (
        f"relaxing the structure changes its bonds ({changed}), and {found}; start from a "
        "structure that is stable"
    )


def bond_lengths_angstrom(system: MolecularSystem, positions_angstrom: np.ndarray) -> np.ndarray:
    """Return the lengths of the system's B bonds at positions (N, 3), (B,)."""
    pairs = np.array(system.bonds, dtype=int).reshape(-1, 2)
    return pair_distances(positions_angstrom, pairs, cell_angstrom=system.cell_angstrom)


def _changed_bonds(
    system: MolecularSystem, positions_angstrom: np.ndarray, *, limits: Mapping[str, float]
) -> str:
    """Return the bond that changed most, or the number of fragments; empty where none did."""
    if not np.isfinite(positions_angstrom).all():
        return ""
    start_angstrom = bond_lengths_angstrom(system, system.positions_angstrom)
    ratios = bond_lengths_angstrom(system, positions_angstrom) / start_angstrom
    torn = (ratios < limits["bond_shortest"]) | (ratios > limits["bond_longest"])
    if torn.any():
        bond = int(np.argmax(np.where(torn, np.abs(np.log(ratios)), 0.0)))
        name = name_atoms(system.atomic_numbers, system.bonds[bond])
        return f"{name} changes to {ratios[bond]:.2f} of its length"
    cell = system.cell_angstrom
    bonds = covalent_bonds(system.atomic_numbers, positions_angstrom, cell_angstrom=cell)
    fragments = fragment_count(system.n_atoms, bonds=bonds)
    same = fragments == system.fragments
    return "" if same else f"{system.fragments} fragments become {fragments}"
