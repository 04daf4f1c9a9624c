"""An analytic pair potential under the surface probes, sound or with a term added to it."""

from collections.abc import Callable

import numpy as np
import pytest

from openmm_mlff.config import ProbeSpec
from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.molecules import load_system
from openmm_mlff.probes import ProbeSubject
from openmm_mlff.selftest.defects.planting import PlantedPotential, added
from openmm_mlff.selftest.oracles.pair import PairOracle
from openmm_mlff.simulation.platforms import named_platform

SPEC = ProbeSpec(
    thermal_frames=2,
    rotations=3,
    directions=4,
    dimer_directions=1,
    scan_end_angstrom=7.0,
    hessian_geometries=2,
)


@pytest.fixture(scope="session")
def healthy() -> PairOracle:
    return PairOracle(seed=0)


@pytest.fixture
def with_term(healthy) -> Callable:
    """Add a term to the sound potential: from positions (G, N, 3) to energies and forces."""

    def make(term) -> PlantedPotential:
        return PlantedPotential(
            healthy, 1.0, everywhere=lambda surface, _numbers, _strength: added(surface, term)
        )

    return make


@pytest.fixture
def probed() -> Callable:
    """Put a potential under the probes."""

    def make(potential, *, system="water", **changes) -> ProbeSubject:
        options = {
            "potential": potential,
            "molecule": load_system(system),
            "platform": named_platform("Reference"),
            "precision": "double",
            "spec": SPEC,
            "seed": 3,
        }
        return ProbeSubject(**(options | changes))

    return make


@pytest.fixture
def refusing(healthy) -> Callable:
    """A potential that refuses geometries for which a condition holds."""

    class Refusing(PlantedPotential):
        def __init__(self, condition):
            super().__init__(healthy, 1.0)
            self.condition = condition

        def evaluate(self, molecule, positions_angstrom, *, precision="mixed"):
            if any(self.condition(placed) for placed in positions_angstrom):
                raise EvaluationRefusedError("the SCF does not converge")
            return super().evaluate(molecule, positions_angstrom, precision=precision)

    return Refusing


@pytest.fixture
def fixed_atoms(healthy) -> PlantedPotential:
    """A potential with its atoms built in, as in a file of OpenMM's own contract."""
    potential = PlantedPotential(healthy, 1.0)
    potential.composition_is_free = False
    return potential


def quadratic(weights: np.ndarray) -> Callable:
    """E = Σ_i Σ_a w_a x_ia²: a bowl that knows directions in space."""

    def term(positions):
        return (weights * positions**2).sum(axis=(1, 2)), -2.0 * weights * positions

    return term
