"""openmm-ml's mechanical embedding for forces that cannot be copied.

To interpolate, openmm-ml copies the potential's forces, which fails for some of ours (see
:mod:`.fading`). Here openmm-ml builds everything but the ML part, and the forces are then added
without copying.
"""

from collections.abc import Callable
from typing import Any

import openmm
from openmm import app, unit
from openmmml.embeddings import utilities
from openmmml.embeddings.mechanicalembedding import MechanicalEmbedding
from openmmml.mlpotential import MLPotentialImpl

from openmm_mlff.potentials.openmmml.fading import faded

INTERPOLATION = "lambda_interpolate"
"""openmm-ml's global parameter: 0 for the force field alone, 1 for the mixed System."""


def link_length_angstrom(atomic_number: int) -> float:
    """Return the distance of a link atom, a hydrogen, from its atom of the ML part, Å."""
    radii = utilities.COVALENT_RADII
    return float((radii[atomic_number] + radii[1]).value_in_unit(unit.angstrom))


def mechanically_mixed(
    create_forces: Callable[..., list[openmm.Force]],
    topology: app.Topology,
    system: openmm.System,
    atoms: list[int],
    *,
    force_group: int,
    interpolate: bool,
    long_range: bool | None,
    **args: Any,
) -> dict[str, Any]:
    """Describe some atoms by a potential and all others by a force field.

    Args:
        create_forces: called with the topology, the atoms and `args`; there may be additional
            atoms, because bonds across the boundary are capped with hydrogens.
        topology: topology of the whole System.
        system: System of the force field; not changed.
        atoms: atoms that the potential describes.
        force_group: group of the potential's forces.
        interpolate: whether the global parameter is added.
        long_range: result of ``getMLLongRange``; None leaves it to the argument ``mlLongRange``.
        **args: for the embedding and for `create_forces`.

    Returns:
        openmm-ml's dictionary: ``system``, ``topology``, ``oldToNew``.
    """
    listener = _Listener(long_range)
    info: dict[str, Any] = MechanicalEmbedding().createMixedSystem(
        listener, topology, system, atoms, force_group, interpolate, returnInfo=True, **args
    )
    listener.arguments.pop("mlLongRange", None)
    for force in create_forces(*listener.heard, **listener.arguments):
        added = faded(force, INTERPOLATION) if interpolate else force
        added.setForceGroup(force_group)
        info["system"].addForce(added)
    return info


class _Listener(MLPotentialImpl):
    """A potential without forces that records the topology and atoms it is given."""

    heard: tuple[app.Topology, list[int]]
    arguments: dict[str, Any]

    def __init__(self, long_range: bool | None) -> None:  # noqa: FBT001
        self._long_range = long_range

    def addForces(  # noqa: N802
        self,
        topology: app.Topology,
        system: openmm.System,
        atoms: list[int],
        forceGroup: int,  # noqa: N803
        **args: Any,
    ) -> None:
        self.heard, self.arguments = (topology, atoms), args

    def getMLLongRange(self) -> bool | None:  # noqa: N802
        return self._long_range
