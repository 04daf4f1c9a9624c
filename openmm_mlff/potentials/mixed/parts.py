"""The ML part of a System: the force field's terms inside it, and its link atoms."""

import re
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import openmm
from openmm import app, unit

from openmm_mlff.molecules.boxes import Floats

_EWALD = (
    openmm.NonbondedForce.Ewald,
    openmm.NonbondedForce.PME,
    openmm.NonbondedForce.LJPME,
)
_INDEX = re.compile(r"[pab][1-4]")
_NONBONDED = ("NonbondedForce", "CustomNonbondedForce")
_BONDED = ("Bonds", "Angles", "Torsions")


@dataclass(frozen=True)
class LinkAtoms:
    """Hydrogens that cap the bonds between the ML part and the rest.

    Attributes:
        bonds: atom of the part and atom of the rest, (L, 2) int64.
        lengths_angstrom: from the atom of the part to the hydrogen, along the bond, (L,).
    """

    bonds: npt.NDArray[np.int64]
    lengths_angstrom: Floats

    def positions(self, positions_angstrom: Floats) -> Floats:
        """Return the positions of the hydrogens, (..., L, 3), Å, from those of all atoms."""
        inner, directions, _ = self._bonds_at(positions_angstrom)
        return np.asarray(inner + self.lengths_angstrom[:, None] * directions)

    def spread(self, forces: Floats, *, positions_angstrom: Floats) -> Floats:
        """Return the forces on all atoms, (..., N, 3), that forces on the hydrogens are.

        The hydrogen is at x_ML + d u, u = (x_MM − x_ML)/r, so that F_MM = (d/r)(F − u (u·F)) and
        F_ML = F − F_MM.
        """
        _, directions, lengths = self._bonds_at(positions_angstrom)
        along = (forces * directions).sum(axis=-1, keepdims=True) * directions
        outer = self.lengths_angstrom[:, None] / lengths * (forces - along)
        spread = np.zeros_like(positions_angstrom)
        for link, (first, second) in enumerate(self.bonds):
            spread[..., first, :] += (forces - outer)[..., link, :]
            spread[..., second, :] += outer[..., link, :]
        return spread

    def _bonds_at(self, positions_angstrom: Floats) -> tuple[Floats, Floats, Floats]:
        inner = positions_angstrom[..., self.bonds[:, 0], :]
        arms = positions_angstrom[..., self.bonds[:, 1], :] - inner
        lengths = np.linalg.norm(arms, axis=-1, keepdims=True)
        return inner, arms / lengths, lengths


def link_atoms(
    topology: app.Topology, part: npt.NDArray[np.int64], *, places: npt.NDArray[np.int64]
) -> LinkAtoms:
    """Return the link atoms that openmm-ml adds for a part, (M,) indices in a topology.

    ``places``: of each particle, its place among the atoms.
    """
    from openmmml.embeddings.utilities import COVALENT_RADII

    elements = [atom.element for atom in topology.atoms()]
    pairs = cut_bonds(topology, part)
    lengths = [
        (COVALENT_RADII[elements[first].atomic_number] + COVALENT_RADII[1]).value_in_unit(
            unit.angstrom
        )
        for first, _ in pairs
    ]
    return LinkAtoms(
        bonds=places[np.array(pairs, dtype=np.int64).reshape(-1, 2)],
        lengths_angstrom=np.array(lengths, dtype=np.float64),
    )


def cut_bonds(topology: app.Topology, part: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return the bonds between a part of a topology and the rest, the part's atom first."""
    inside = set(part.tolist())
    pairs = [(first.index, second.index) for first, second in topology.bonds()]
    return [
        pair if pair[0] in inside else pair[::-1]
        for pair in pairs
        if (pair[0] in inside) != (pair[1] in inside)
    ]


def terms_inside(
    system: openmm.System,
    topology: app.Topology,
    part: npt.NDArray[np.int64],
    *,
    keeps_images: bool,
) -> openmm.System:
    """Return a System of the same particles with the terms that the potential replaces.

    Bonds, pairs and exceptions between two atoms of the part; angles about an atom and proper
    torsions about a bond of the part, and impropers of a central atom of it, whose outer atoms may
    be the first ones beyond a cut bond. Implicit solvent and restraints are not replaced.

    Args:
        system: of the force field; not changed.
        topology: of its particles.
        part: indices of the particles of the ML part, (M,).
        keeps_images: whether the potential includes the electrostatics of periodic images.
    """
    root = ElementTree.fromstring(openmm.XmlSerializer.serialize(system))
    inside = _Inside(topology, part)
    (forces,) = root.findall("Forces")
    for force in list(forces):
        lists = [found for kind in _BONDED if (found := force.find(kind)) is not None]
        if force.get("type") not in _NONBONDED and not lists:
            forces.remove(force)
            continue
        for entries in lists:
            for entry in list(entries):
                indices = [int(value) for key, value in entry.items() if _INDEX.fullmatch(key)]
                if not inside.has(entries.tag, indices):
                    entries.remove(entry)
    reduced = openmm.XmlSerializer.deserialize(ElementTree.tostring(root, encoding="unicode"))
    members = set(part.tolist())
    for force in reduced.getForces():
        if isinstance(force, openmm.NonbondedForce):
            _reduce_pairs(force, members, keeps_images=keeps_images)
        elif isinstance(force, openmm.CustomNonbondedForce):
            _reduce_custom_pairs(force, members)
    return reduced


class _Inside:
    """Decides which bonded terms are inside a part."""

    def __init__(self, topology: app.Topology, part: npt.NDArray[np.int64]) -> None:
        self._part = set(part.tolist())
        self._reach = self._part | {outer for _, outer in cut_bonds(topology, part)}
        self._bonds = {frozenset((first.index, second.index)) for first, second in topology.bonds()}

    def has(self, kind: str, indices: list[int]) -> bool:
        if kind == "Bonds":
            return self._part.issuperset(indices)
        if not self._reach.issuperset(indices):
            return False
        if kind == "Angles":
            return indices[1] in self._part
        # Eight atoms are the two torsions of a correction map.
        return all(self._has_torsion(indices[k : k + 4]) for k in range(0, len(indices), 4))

    def _has_torsion(self, indices: list[int]) -> bool:
        chain = [frozenset(pair) in self._bonds for pair in pairwise(indices)]
        if all(chain):
            return self._part.issuperset(indices[1:3])
        centre = max(
            indices, key=lambda one: sum(frozenset((one, two)) in self._bonds for two in indices)
        )
        return centre in self._part


def _reduce_pairs(force: openmm.NonbondedForce, part: set[int], *, keeps_images: bool) -> None:
    if force.getNonbondedMethod() in _EWALD and not keeps_images:
        force.setNonbondedMethod(openmm.NonbondedForce.NoCutoff)
    force.setUseDispersionCorrection(False)
    for index in range(force.getNumParticles()):
        if index not in part:
            force.setParticleParameters(index, 0.0, 1.0, 0.0)
    for index in range(force.getNumExceptions()):
        first, second, *_ = force.getExceptionParameters(index)
        if not {first, second} <= part:
            force.setExceptionParameters(index, first, second, 0.0, 1.0, 0.0)


def _reduce_custom_pairs(force: openmm.CustomNonbondedForce, part: set[int]) -> None:
    force.setUseLongRangeCorrection(False)
    for index in range(force.getNumInteractionGroups()):
        first, second = map(set, force.getInteractionGroupParameters(index))
        force.setInteractionGroupParameters(index, part & first, part & second)
    if not force.getNumInteractionGroups():
        force.addInteractionGroup(part, part)
