"""Contexts that take and return atoms alone, without the virtual sites of a System.

Water of four sites and the link atoms of ML/MM have them. OpenMM distributes the forces on sites
over the atoms, so the atoms alone are a mechanical system.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import openmm
from openmm import unit


def are_atoms(system: openmm.System) -> npt.NDArray[np.bool_]:
    """Return for each particle of a System, (P,), whether it is not a virtual site."""
    count = system.getNumParticles()
    return np.array([not system.isVirtualSite(index) for index in range(count)], dtype=np.bool_)


def atoms_of(vectors: npt.NDArray[np.float64], system: openmm.System) -> npt.NDArray[np.float64]:
    """Return the rows of atoms, (N, 3), of vectors of all particles or of atoms alone."""
    atoms = are_atoms(system)
    return vectors[atoms] if len(vectors) == len(atoms) else vectors


def of_atoms(context: openmm.Context) -> openmm.Context:
    """Let a Context take and return the vectors of atoms alone, if its System has virtual sites."""
    atoms = are_atoms(context.getSystem())
    if not atoms.all():
        # Not a new object: a Simulation creates its Context itself.
        context.__class__ = _AtomContext
        context._atoms = atoms
    return context


class _AtomContext(openmm.Context):
    """A Context of P particles, N of them atoms."""

    _atoms: npt.NDArray[np.bool_]

    def setPositions(self, positions: Any) -> None:  # noqa: N802  # OpenMM's names
        """Set the positions of the atoms, (N, 3), and place the sites."""
        super().setPositions(self._of_all(positions))
        self.computeVirtualSites()

    def setVelocities(self, velocities: Any) -> None:  # noqa: N802
        """Set the velocities of the atoms, (N, 3)."""
        super().setVelocities(self._of_all(velocities))

    def getState(self, *arguments: Any, **wanted: Any) -> "_AtomState":  # noqa: N802
        """Return a State with the atoms alone."""
        return _AtomState(super().getState(*arguments, **wanted), self._atoms)

    def _of_all(self, vectors: Any) -> npt.NDArray[np.float64]:
        is_plain = not unit.is_quantity(vectors)
        plain = vectors if is_plain else vectors.value_in_unit_system(unit.md_unit_system)
        found = np.zeros((len(self._atoms), 3))
        found[self._atoms] = np.asarray(plain, dtype=np.float64)
        return found


class _AtomState:
    """A State of P particles seen as that of its N atoms.

    Attributes:
        whole: the State of all particles.
    """

    def __init__(self, whole: openmm.State, atoms: npt.NDArray[np.bool_]) -> None:
        self.whole = whole
        self._atoms = atoms

    def __getattr__(self, name: str) -> Any:
        vectors = name in ("getPositions", "getVelocities", "getForces")
        method = getattr(self.whole, name)
        return (lambda **_: method(asNumpy=True)[self._atoms]) if vectors else method
