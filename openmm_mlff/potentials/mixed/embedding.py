"""The mixed System, by openmm-ml's mechanical embedding."""

from collections.abc import Sequence
from typing import Any

import openmm
from openmm import app

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.base import Potential

# Before openmm-ml itself: where that is missing, this says how to get it.
from openmm_mlff.potentials.openmmml.impl import PotentialImpl  # isort: split

from openmmml.mlpotential import MLPotential, MLPotentialImplFactory

_NAME = "openmm_mlff-mixed"


class _GivenImpl(MLPotentialImplFactory):
    """Hands openmm-ml an implementation that is there already."""

    def createImpl(self, name: str, **args: Any) -> PotentialImpl:  # noqa: N802
        """Give it back."""
        given: PotentialImpl = args["impl"]
        return given


MLPotential.registerImplFactory(_NAME, _GivenImpl())


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
    """Let a potential describe some atoms of a System of a force field.

    E = E_MM(all) − E_MM(ML part alone) + E_ML(ML part): the parts meet by the force field's
    charges and Lennard-Jones terms.  Constraints inside the ML part are removed.

    Args:
        potential: of the ML part, which it sees as isolated.
        topology: all atoms.
        mm_system: of the force field; not changed.
        ml_atoms: indices of the ML part.
        precision: of the potential.
        charge: of the ML part, in elementary charges.
        multiplicity: of the ML part.
        interpolate: make a System with the Context parameter `lambda_interpolate`.

    Returns:
        Another System with the same particles.

    Raises:
        PotentialError: openmm-ml cannot mix this force field.
    """
    if topology.getPeriodicBoxVectors() is not None and potential.is_long_range is None:
        raise PotentialError(
            f"it is not known whether {potential.spec} describes long-range interactions, which "
            "mixing in a box needs; add mlLongRange=true or mlLongRange=false to its options"
        )
    mixed = MLPotential(_NAME, impl=PotentialImpl(potential, precision=precision))
    try:
        system: openmm.System = mixed.createMixedSystem(
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
    return system
