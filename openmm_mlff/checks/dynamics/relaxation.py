"""Whether a structure of the user's holds where it is relaxed."""

from collections.abc import Mapping

import numpy as np

from openmm_mlff.molecules import MolecularSystem, covalent_bonds, fragment_count, name_atoms
from openmm_mlff.storage.measurements import DONE
from openmm_mlff.storage.runs import Evidence, Runs
from openmm_mlff.storage.shared import Minimum, ReferenceMinimum


def change_on_relaxation(record: Runs, *, limits: Mapping[str, float]) -> str:
    """Return why a structure that changed may be the structure's fault; empty where it is not.

    Args:
        record: simulations of a structure, and where the potential and a reference relaxed it.
        limits: ``bond_shortest``, ``bond_longest``, over the starting lengths.

    Returns:
        A clause.
    """
    system = record.system
    if system.in_library or not isinstance(record, Evidence):
        return ""
    minimum = _relaxed(record, "minimum", Minimum)
    changed = "" if minimum is None else _changed_bonds(system, minimum, limits=limits)
    if not changed:
        return ""
    reference = _relaxed(record, "reference_minimum", ReferenceMinimum)
    if reference is not None and not _changed_bonds(system, reference, limits=limits):
        return ""
    kept = "no reference has been asked whether it holds"
    if reference is not None:
        kept = "the reference does not keep it either"
    return (
        f"relaxing the structure changes its bonds ({changed}), and {kept}; start from a "
        "structure that is stable"
    )


def _relaxed(
    record: Evidence, name: str, kind: type[Minimum] | type[ReferenceMinimum]
) -> np.ndarray | None:
    """Return where a relaxation ended, (N, 3), Å; None where it did not, or was not asked."""
    stored = record.measurements.get(name)
    if stored is None or stored.status != DONE:
        return None
    found = stored.record(kind)
    broken = found.failure if isinstance(found, Minimum) else found.reason
    positions = found.positions_angstrom
    return None if broken or not np.isfinite(positions).all() else np.asarray(positions)


def _changed_bonds(
    system: MolecularSystem, positions_angstrom: np.ndarray, *, limits: Mapping[str, float]
) -> str:
    """Return the bond that changed most, or the number of fragments; empty where none did."""
    pairs = np.array(system.bonds, dtype=int).reshape(-1, 2)
    before, after = (
        np.linalg.norm(placed[pairs[:, 0]] - placed[pairs[:, 1]], axis=1)
        for placed in (system.positions_angstrom, positions_angstrom)
    )
    ratios = after / before
    torn = (ratios < limits["bond_shortest"]) | (ratios > limits["bond_longest"])
    if torn.any():
        bond = int(np.argmax(np.where(torn, np.abs(np.log(ratios)), 0.0)))
        name = name_atoms(system.atomic_numbers, system.bonds[bond])
        return f"{name} has {ratios[bond]:.2f} of its length"
    bonds = covalent_bonds(
        system.atomic_numbers, positions_angstrom, cell_angstrom=system.cell_angstrom
    )
    fragments = fragment_count(system.n_atoms, bonds=bonds)
    if fragments == system.fragments:
        return ""
    return f"{system.fragments} fragments become {fragments}"
