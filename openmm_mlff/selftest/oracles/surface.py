"""Potentials defined by one NumPy function, for OpenMM and for ASE."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms

from openmm_mlff import units
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Evaluation, Potential
from openmm_mlff.potentials.calculators import FunctionCalculator

if TYPE_CHECKING:
    import openmm

Surface = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Function from positions (G, N, 3), Å, to energies (G,), eV, and forces (G, N, 3), eV/Å."""

Cell = np.ndarray | None
"""Box vectors as rows, (3, 3), Å; None without a box."""

_SAME_BOX_ANGSTROM = 1e-9


class SurfacePotential(Potential):
    """A potential whose energies and forces come from one :data:`Surface`.

    It runs in OpenMM with `PythonForce` and in ASE with a thin calculator.  The seed is that of its
    parameters.

    Attributes:
        follows_the_box: whether it reads the box of OpenMM in every call.
    """

    follows_the_box = True

    def __init__(self, *, name: str, seed: int) -> None:
        self.name = f"{name}-{seed}"
        self.spec = f"selftest:{name}?seed={seed}"
        self.n_parameters = None
        self.elements: frozenset[int] | None = None
        self.seed = seed

    @abstractmethod
    def surface(self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None) -> Surface:
        """Return a new function for atoms with numbers (N,) and an optional cell (3, 3) of rows.

        State that a faulty function keeps is its own.
        """

    def deployed_surface(
        self, atomic_numbers: np.ndarray, *, cell_angstrom: Cell = None
    ) -> Surface:
        """Return the function that runs in OpenMM: :meth:`surface`, unless deployment is faulty."""
        return self.surface(atomic_numbers, cell_angstrom=cell_angstrom)

    def evaluate(
        self, molecule: MolecularSystem, positions_angstrom: np.ndarray, *, precision: str = "mixed"
    ) -> Evaluation:
        """Evaluate geometries (G, N, 3); the precision is ignored, everything is float64."""
        self.check_molecule(molecule)
        positions = np.asarray(positions_angstrom, dtype=float)
        surface = self.surface(molecule.atomic_numbers, cell_angstrom=molecule.cell_angstrom)
        return Evaluation(*surface(positions))

    def create_forces(
        self,
        molecule: MolecularSystem,
        *,
        precision: str = "mixed",
        particles: Sequence[int] | None = None,
    ) -> "list[openmm.Force]":
        """See :meth:`Potential.create_forces`; everything is float64."""
        import openmm

        self.check_molecule(molecule)
        numbers, cell = molecule.atomic_numbers, molecule.cell_angstrom
        surface = self.deployed_surface(numbers, cell_angstrom=cell)

        def compute(state: "openmm.State") -> tuple[float, np.ndarray]:
            nonlocal surface, cell
            if cell is not None and self.follows_the_box:
                box_nm = state.getPeriodicBoxVectors(asNumpy=True)._value
                box = units.angstrom_from_nm(np.array(box_nm))
                if not np.allclose(box, cell, rtol=0.0, atol=_SAME_BOX_ANGSTROM):
                    surface, cell = self.deployed_surface(numbers, cell_angstrom=box), box
            placed_nm = state.getPositions(asNumpy=True)._value
            energies, forces = surface(units.angstrom_from_nm(placed_nm)[None])
            return (
                units.kj_per_mol_from_ev(float(energies[0])),
                units.kj_per_mol_nm_from_ev_per_angstrom(forces[0]),
            )

        force = openmm.PythonForce(compute)
        force.setUsesPeriodicBoundaryConditions(molecule.is_periodic)
        if particles is not None:
            force.setParticles(list(particles))
        return [force]

    def ase_calculator(
        self, *, precision: str = "mixed", device: str = "cpu"
    ) -> FunctionCalculator:
        """See :meth:`Potential.ase_calculator`; everything is float64 on the CPU."""
        return SurfaceCalculator(self)


class SurfaceCalculator(FunctionCalculator):
    """ASE calculator of a surface, which is made anew for other atoms or another box."""

    def __init__(self, potential: SurfacePotential) -> None:
        super().__init__(self.evaluated)
        self.potential = potential
        self.surface: Surface | None = None
        self._made_for: tuple[bytes, ...] = ()

    def evaluated(self, atoms: Atoms) -> tuple[Any, ...]:
        """Evaluate atoms that are isolated, or periodic in all directions."""
        cell = np.array(atoms.cell) if atoms.pbc.all() else None
        made_for = atoms.numbers.tobytes(), b"" if cell is None else cell.tobytes()
        if self.surface is None or made_for != self._made_for:
            self._made_for = made_for
            self.surface = self.potential.surface(atoms.numbers.copy(), cell_angstrom=cell)
        energies, forces = self.surface(atoms.positions[None])
        return float(energies[0]), forces[0]


def each_in_turn(surface: Surface) -> Surface:
    """Return a surface that evaluates geometries one by one in order, for functions with state."""

    def one_by_one(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energies, forces = zip(*(surface(placed[None]) for placed in positions), strict=True)
        return np.concatenate(energies), np.concatenate(forces)

    return one_by_one
