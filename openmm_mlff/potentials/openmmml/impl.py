"""Adapter of this package's potentials to openmm-ml, which adds their forces to a System."""

from collections.abc import Iterable
from typing import Any

import openmm
from openmm import app
from openmmml.mlpotential import MLPotentialImpl

from openmm_mlff.config import nearest
from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.base import Potential
from openmm_mlff.potentials.openmmml.fading import faded
from openmm_mlff.potentials.topology import molecule_of_topology

ARGUMENTS = ("charge", "multiplicity", "precision")
"""Arguments of `createSystem` and `createMixedSystem` in addition to openmm-ml's own."""

MECHANICAL = "mechanical"
INTERPOLATION = "lambda_interpolate"
"""openmm-ml's global parameter: 0 for the force field alone, 1 for the mixed System."""

# The mechanical embedding reads this one itself and passes it on.
_OF_THE_EMBEDDING = ("linkAtomDistances",)


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
        **args: Any,
    ) -> None:
        """Add the potential's forces to a System.

        ``atoms`` are those that the potential describes; None for all. A part is treated as
        isolated even in a box, unless the potential is long-range: OpenMM does not wrap positions
        inside a Context, so a molecule stays whole. Several molecules in one part may drift to
        different images, and then interact at their apparent distance. ``**args`` are ``charge`` of
        these atoms (e), their spin ``multiplicity`` (2S + 1), ``precision`` of the weights
        (default: that of this object), and arguments of the embedding; no others.

        Raises:
            PotentialError: an argument is unknown, an atom has no element, or the potential does
                not support these atoms.
            MoleculeError: charge and multiplicity are inconsistent with the atoms.
        """
        for force in self.create_forces(topology, atoms, **args):
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
        unknown = sorted(set(args) - {*ARGUMENTS, *_OF_THE_EMBEDDING})
        if unknown:
            raise PotentialError(
                f"{self.potential.spec} takes no argument {unknown[0]!r}; "
                f"{nearest(unknown[0], ARGUMENTS)} (it takes {', '.join(ARGUMENTS)})"
            )
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
        """Declare the mechanical embedding as implemented here."""
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

        To interpolate, openmm-ml copies the potential's forces, which fails for some of ours (see
        :mod:`.fading`). Here it builds everything but the ML part, and the forces are then added
        without copying.

        ``interpolate`` adds the parameter ``lambda_interpolate``, 0 for the force field alone. The
        only embedding is ``mechanical``; ``**args`` are as for :meth:`addForces`, and those of the
        embedding. ``returnInfo``: return a dictionary of the System, its topology and the map of
        the atoms.
        """
        from openmmml.embeddings.mechanicalembedding import MechanicalEmbedding

        listener = _Listener(self.getMLLongRange())
        info: dict[str, Any] = MechanicalEmbedding().createMixedSystem(
            listener, topology, system, atoms, forceGroup, interpolate, returnInfo=True, **args
        )
        listener.arguments.pop("mlLongRange", None)
        for force in self.create_forces(*listener.heard, **listener.arguments):
            added = faded(force, INTERPOLATION) if interpolate else force
            added.setForceGroup(forceGroup)
            info["system"].addForce(added)
        return info if returnInfo else info["system"]

    def getMLLongRange(self) -> bool | None:  # noqa: N802
        """Return :attr:`Potential.is_long_range`: False if parts are treated as isolated."""
        return self.potential.is_long_range


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
