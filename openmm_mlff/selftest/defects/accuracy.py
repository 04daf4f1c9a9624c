"""Faults that only a comparison with a reference reveals."""

import numpy as np

from openmm_mlff.potentials.base import Potential
from openmm_mlff.selftest.defects.model import Defect
from openmm_mlff.selftest.defects.planting import PlantedPotential, added
from openmm_mlff.selftest.oracles.bonded import (
    OPPOSITE_ANGSTROM,
    OPPOSITE_WIDTH_ANGSTROM,
    BondedOracle,
    gaussian,
)
from openmm_mlff.selftest.oracles.pairs import PairSurface
from openmm_mlff.units import ev_from_kcal_per_mol


def _plant_wrong_conformer(healthy: Potential, strength: float) -> PlantedPotential:
    """Reduce the depth of one H–H well, leaving the barriers between conformers unchanged."""
    if not isinstance(healthy, BondedOracle):
        raise TypeError(f"got {type(healthy).__name__}, expected a bonded potential")
    pair = healthy.far_ends[:1]

    def radial(distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return gaussian(
            distances,
            height_ev=float(ev_from_kcal_per_mol(strength)),
            centre_angstrom=OPPOSITE_ANGSTROM,
            width_angstrom=OPPOSITE_WIDTH_ANGSTROM,
        )

    return PlantedPotential(
        healthy,
        strength,
        everywhere=lambda surface, numbers, _: added(
            surface, PairSurface(len(numbers), pair, radial)
        ),
    )


DEFECTS = (
    Defect(
        name="wrong conformer",
        description="one of three equal conformers lies higher",
        check="torsion_profile",
        kind="bonded",
        system="methanol",
        unit="kcal/mol",
        gross=3.0,
        predicted_onset=1.0,
        prediction="the strength is the error at that minimum, to reach 1 kcal/mol",
        plant=_plant_wrong_conformer,
    ),
)
