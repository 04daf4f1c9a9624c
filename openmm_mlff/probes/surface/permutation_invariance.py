"""Are like atoms alike?"""

import numpy as np

from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.probes.surface.noise import measure_noise

PERMUTATIONS = 4


def probe_permutation_invariance(subject: ProbeSubject) -> ProbeOutcome:
    """Let atoms of one element change places at random.

    Args:
        subject: what to probe.

    Returns:
        `energy_changes_ev` (P, G), `force_changes` (P, G, N, 3), the forces put back to their
        atoms, and `refused` (P, G).
    """
    if subject.potential.has_force_field:
        return not_applicable("a force field tells atoms of one element apart by their bonds")
    numbers = subject.molecule.atomic_numbers
    if len(set(numbers.tolist())) == len(numbers):
        return not_applicable(f"no two atoms of {subject.molecule.name} are of one element")
    orders = exchanges(numbers, count=PERMUTATIONS, seed=subject.seed)
    geometries = subject.geometries()
    placed = np.concatenate([geometries[None], geometries[:, orders].swapaxes(0, 1)])
    found = evaluate_each(subject, subject.molecule, placed.reshape(-1, *geometries.shape[1:]))
    shape = placed.shape[:2]
    energies_ev = found.energies_ev.reshape(shape)
    forces = found.forces_ev_per_angstrom.reshape(placed.shape)
    refused = found.refused.reshape(shape)
    put_back = np.stack(
        [force[:, np.argsort(order)] for force, order in zip(forces[1:], orders, strict=True)]
    )
    return ProbeOutcome(
        data=found.refusals(),
        arrays={
            "energy_changes_ev": energies_ev[1:] - energies_ev[0],
            "force_changes": put_back - forces[0],
            "refused": refused[1:] | refused[0],
            **measure_noise(subject),
        },
    )


def exchanges(atomic_numbers: np.ndarray, *, count: int, seed: int) -> np.ndarray:
    """Draw orders of the atoms that leave every element where it was, none of them the identity.

    Args:
        atomic_numbers: (N,), at least two alike.
        count: P.
        seed: of the draw.

    Returns:
        int (P, N): atom i takes the place of atom order[i].
    """
    rng = np.random.default_rng(seed)
    identity = np.arange(len(atomic_numbers))
    orders: list[np.ndarray] = []
    while len(orders) < count:
        order = identity.copy()
        for number in set(atomic_numbers.tolist()):
            alike = np.flatnonzero(atomic_numbers == number)
            order[alike] = rng.permutation(alike)
        if (order != identity).any():
            orders.append(order)
    return np.stack(orders)
