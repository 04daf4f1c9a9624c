"""Adapter of this package's potentials to openmm-ml, which adds their forces to a System."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import openmm
from openmm import app, unit
from openmmml.mlpotential import MLPotentialImpl

from openmm_mlff.config import nearest
from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential

ARGUMENTS = ("charge", "multiplicity", "precision")
"""Arguments of `createSystem` and `createMixedSystem` in addition to openmm-ml's own."""

MECHANICAL = "mechanical"

# The mechanical embedding reads this one itself and passes it on.
_OF_THE_EMBEDDING = ("linkAtomDistances",)
_GRID_SPACING_ANGSTROM = 2.0


class PotentialImpl(MLPotentialImpl):
    """Implementation of one potential for openmm-ml's `MLPotential`."""

    def __init__(self, potential: Potential, *, precision: str = "mixed") -> None:
        self.potential = potential
        self.precision = precision

    def addForces(  # noqa: N802  # openmm-ml's name
        self,
        topology: app.Topology,
        system: openmm.System,
        atoms: Iterable[int] | None,
        forceGroup: int,  # noqa: N803
        charge: int = 0,
        multiplicity: int = 1,
        precision: str | None = None,
        **args: Any,
    ) -> None:
        """Add the potential's forces to a System.

        Args:
            topology: topology of the whole System.
            system: System to be modified.
            atoms: atoms that the potential describes; None for all. A part is treated as isolated
                even in a box, unless the potential is long-range: OpenMM does not wrap positions
                inside a Context, so a molecule stays whole. Several molecules in one part may drift
                to different images, and then interact at their apparent distance.
            forceGroup: group of the added forces.
            charge: total charge of the described atoms, e.
            multiplicity: their spin multiplicity, 2S + 1.
            precision: precision of the weights; None for that of this object.
            **args: arguments of the embedding; no others.

        Raises:
            PotentialError: an argument is unknown, an atom has no element, or the potential does
                not support these atoms.
            MoleculeError: charge and multiplicity are inconsistent with the atoms.
        """
        for force in self.create_forces(
            topology, atoms, charge=charge, multiplicity=multiplicity, precision=precision, **args
        ):
            force.setForceGroup(forceGroup)
            system.addForce(force)

    def create_forces(
        self,
        topology: app.Topology,
        atoms: Iterable[int] | None,
        *,
        charge: int = 0,
        multiplicity: int = 1,
        precision: str | None = None,
        **args: Any,
    ) -> list[openmm.Force]:
        """Return the forces that :meth:`addForces` adds, not yet in a System."""
        _check_arguments(args, spec=self.potential.spec)
        particles = None if atoms is None else [int(index) for index in atoms]
        molecule = molecule_of_topology(
            topology,
            particles=particles,
            charge=charge,
            multiplicity=multiplicity,
            keeps_box=bool(self.potential.is_long_range),
        )
        return self.potential.create_forces(
            molecule, precision=precision or self.precision, particles=particles
        )

    def getSupportedEmbeddings(self) -> list[str]:  # noqa: N802
        """Declare the mechanical embedding as implemented here; see :mod:`.mixing`."""
        return [MECHANICAL]

    def createMixedSystem(  # noqa: N802
        self,
        topology: app.Topology,
        system: openmm.System,
        atoms: list[int],
        forceGroup: int,  # noqa: N803
        interpolate: bool,  # noqa: FBT001
        embedding: str,
        returnInfo: bool = False,  # noqa: FBT001, FBT002, N803
        **args: Any,
    ) -> openmm.System | dict[str, Any]:
        """Create a System with mechanical embedding; called by openmm-ml.

        ``interpolate`` adds the parameter ``lambda_interpolate``, 0 for the force field alone. The
        only embedding is ``mechanical``; ``**args`` are as for :meth:`addForces`, and those of the
        embedding. ``returnInfo``: return a dictionary of the System, its topology and the map of
        the atoms.
        """
        from openmm_mlff.potentials.openmmml.mixing import mechanically_mixed

        info = mechanically_mixed(
            self.create_forces,
            topology,
            system,
            atoms,
            force_group=forceGroup,
            interpolate=interpolate,
            long_range=self.getMLLongRange(),
            **args,
        )
        return info if returnInfo else info["system"]

    def getMLLongRange(self) -> bool | None:  # noqa: N802
        """Return :attr:`Potential.is_long_range`: False if parts are treated as isolated."""
        return self.potential.is_long_range


def molecule_of_topology(
    topology: app.Topology,
    *,
    particles: Sequence[int] | None = None,
    charge: int = 0,
    multiplicity: int = 1,
    keeps_box: bool = False,
) -> MolecularSystem:
    """Return a molecule with the atoms of a topology, at positions on a grid.

    Args:
        topology: provides elements and bonds, and the box if all atoms are used.
        particles: indices of the atoms to use; None for all.
        charge: total charge of those atoms, e.
        multiplicity: 2S + 1.
        keeps_box: whether a part of the atoms is periodic, too.

    Raises:
        PotentialError: an atom does not exist or has no element.
        MoleculeError: charge and multiplicity are inconsistent with the atoms.
    """
    everything = list(topology.atoms())
    chosen = range(len(everything)) if particles is None else particles
    if not chosen or min(chosen) < 0 or max(chosen) >= len(everything):
        raise PotentialError(
            f"cannot take atoms {list(chosen)[:8]} of a topology of {len(everything)}; expected "
            "indices from 0: correct the list of atoms"
        )
    numbers = [_atomic_number(everything[index]) for index in chosen]
    boxed = keeps_box or len(set(chosen)) == len(everything)
    box = topology.getPeriodicBoxVectors() if boxed else None
    cell = None if box is None else np.array(box.value_in_unit(unit.angstrom))
    return MolecularSystem(
        name="topology",
        atomic_numbers=np.array(numbers),
        positions_angstrom=_grid(len(numbers), cell_angstrom=cell),
        charge=int(charge),
        multiplicity=int(multiplicity),
        source="an OpenMM topology",
        bonds=_bonds(topology, chosen),
        cell_angstrom=cell,
    )


def _check_arguments(args: dict[str, Any], *, spec: str) -> None:
    unknown = sorted(set(args) - {*ARGUMENTS, *_OF_THE_EMBEDDING})
    if unknown:
        raise PotentialError(
            f"{spec} takes no argument {unknown[0]!r}; {nearest(unknown[0], ARGUMENTS)} "
            f"(it takes {', '.join(ARGUMENTS)})"
        )


def _atomic_number(atom: app.topology.Atom) -> int:
    if atom.element is None:
        raise PotentialError(
            f"atom {atom.index} ({atom.name} of {atom.residue.name}) has no element; expected one "
            "for each atom: a site without mass cannot be described by a machine-learned potential"
        )
    return int(atom.element.atomic_number)


def _bonds(topology: app.Topology, chosen: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Return the bonds among the selected atoms, as positions in the selection."""
    place = {index: position for position, index in enumerate(chosen)}
    pairs = ((place.get(bond[0].index), place.get(bond[1].index)) for bond in topology.bonds())
    return tuple(
        sorted((min(i, j), max(i, j)) for i, j in pairs if i is not None and j is not None)
    )


def _grid(n_atoms: int, *, cell_angstrom: np.ndarray | None) -> np.ndarray:
    """Return distinct positions, (N, 3), Å, on a cubic grid or distributed over the box."""
    per_side = int(np.ceil(np.cbrt(n_atoms)))
    places = np.stack(np.unravel_index(np.arange(n_atoms), (per_side,) * 3), axis=1)
    if cell_angstrom is None:
        return places * _GRID_SPACING_ANGSTROM
    return places / per_side @ cell_angstrom
