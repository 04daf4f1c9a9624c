"""Creation of the mixed System with openmm-ml's mechanical embedding."""

from collections.abc import Sequence

import openmm
from openmm import app

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.base import Potential

# Before openmm-ml: if that is missing, this import states how to install it.
from openmm_mlff.potentials.openmmml.impl import PotentialImpl  # isort: split

from openmmml.mlpotential import MLPotential

_OF_ALL_PARTICLES = (openmm.GBSAOBCForce, openmm.CustomGBForce)


class _OfImpl(MLPotential):
    """openmm-ml's interface to an existing implementation instead of a name."""

    def __init__(self, impl: PotentialImpl) -> None:
        self._impl = impl


def create_mixed_system(
    potential: Potential,
    topology: app.Topology,
    mm_system: openmm.System,
    *,
    ml_atoms: Sequence[int],
    precision: str,
    charge: int,
    multiplicity: int,
    interpolate: bool = False,
) -> openmm.System:
    """Create a System in which a potential describes some atoms and a force field the others.

    E = E_MM(all) − E_MM(ML part alone) + E_ML(ML part): the parts interact by the force field's
    charges and Lennard-Jones terms. The potential receives the ML part as isolated. Constraints
    inside the ML part are removed; ``mm_system`` is not changed. Bonds between the parts are capped
    with hydrogens, virtual sites at the end of the System.

    ``topology`` is changed: virtual sites become hydrogens in it.

    ``charge`` (e) and ``multiplicity`` are those of the ML part. With ``interpolate`` the System
    has the Context parameter `lambda_interpolate`.

    Raises:
        PotentialError: openmm-ml does not support this force field.
    """
    for atom in topology.atoms():
        # openmm-ml reads the element of each particle, but uses those of the ML part only.
        atom.element = atom.element or app.element.hydrogen
    if topology.getPeriodicBoxVectors() is not None and potential.is_long_range is None:
        raise PotentialError(
            f"for a mixed System in a box it must be known whether {potential.spec} describes "
            "long-range interactions; add mlLongRange=true or mlLongRange=false to its options"
        )
    try:
        system: openmm.System = _OfImpl(
            PotentialImpl(potential, precision=precision)
        ).createMixedSystem(
            topology,
            mm_system,
            [int(index) for index in ml_atoms],
            interpolate=interpolate,
            charge=charge,
            multiplicity=multiplicity,
        )
    except (ValueError, NotImplementedError, openmm.OpenMMException) as error:
        raise PotentialError(
            f"openmm-ml cannot mix {potential.spec} with this force field "
            f"({' '.join(str(error).split())}); choose another force field"
        ) from error
    for force in system.getForces():
        if isinstance(force, _OF_ALL_PARTICLES) and (
            force.getNumParticles() != system.getNumParticles()
        ):
            raise PotentialError(
                f"the selection cuts bonds, and openmm-ml does not add link atoms to a "
                f"{type(force).__name__} (implicit solvent): select whole molecules"
            )
    return system
