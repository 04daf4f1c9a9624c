"""Are atoms of one element interchangeable?"""

import numpy as np

from openmm_mlff.checks.base import Subject
from openmm_mlff.checks.surface import moves
from openmm_mlff.storage.measurements import NotApplicable

PERMUTATIONS = 4


def measure(subject: Subject) -> moves.Changes | NotApplicable:
    """Permute the atoms of each element at random."""
    if subject.potential.has_force_field:
        return NotApplicable("a force field distinguishes atoms of one element by their bonds")
    numbers = subject.molecule.atomic_numbers
    if len(set(numbers.tolist())) == len(numbers):
        return NotApplicable("no two of its atoms are of one element")
    permuted = random_orders(numbers, count=PERMUTATIONS, seed=subject.seed)
    orders = np.stack([np.arange(len(numbers)), *permuted])
    found = subject.evaluate(subject.geometries()[:, orders].swapaxes(0, 1))
    places = np.argsort(orders)[:, None, :, None]
    put_back = np.take_along_axis(found.forces_ev_per_angstrom, places, axis=2)
    return moves.compare_with_first(subject, found, forces=put_back)


def random_orders(atomic_numbers: np.ndarray, *, count: int, seed: int) -> np.ndarray:
    """Return random orders (count, N) that keep every element in place; none is the identity."""
    rng = np.random.default_rng(seed)
    identity = np.arange(len(atomic_numbers))
    orders: list[np.ndarray] = []
    while len(orders) < count:
        order = identity.copy()
        for number in np.unique(atomic_numbers):
            alike = np.flatnonzero(atomic_numbers == number)
            order[alike] = rng.permutation(alike)
        if (order != identity).any():
            orders.append(order)
    return np.stack(orders)


judge = moves.judge_changes(move="exchanging atoms of one element")


CHECK = moves.invariance_check(
    __name__,
    formula="max |E(πx) − E(x)| / N, max |π⁻¹ F(πx) − F(x)|; π exchanges atoms of one element",
    source="atoms of one element are indistinguishable; limits as for rotations",
    consequence="Identical molecules have different energies if their atoms are reordered.",
    remedy="Make sure that nothing in the model depends on an atom's index, and that sums over "
    "neighbours do not depend on their order.",
)
