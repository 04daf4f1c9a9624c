import itertools

import numpy as np
import pytest
import torch

from openmm_mlff.students.core_repulsion import REACH_IN_COVALENT_SUMS, CoreRepulsion
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM

PAIRS = list(itertools.product(COVALENT_RADII_ANGSTROM, repeat=2))


def reach_of(first: int, second: int) -> float:
    radii = COVALENT_RADII_ANGSTROM
    return REACH_IN_COVALENT_SUMS * (radii[first] + radii[second])


def repulsion(first: int, second: int, distances) -> torch.Tensor:
    distance = torch.as_tensor(distances, dtype=torch.float64)
    ones = torch.ones_like(distance)
    core = CoreRepulsion().to(torch.float64)
    return core(distance, first * ones, second * ones, reach_of(first, second) * ones)


def zbl(first: int, second: int, distance: np.ndarray) -> np.ndarray:
    """Ziegler, Biersack, Littmark 1985, universal screening; eV, Å."""
    length = 0.8854 * 0.529177210903 / (first**0.23 + second**0.23)
    x = distance / length
    screening = (
        0.18175 * np.exp(-3.1998 * x)
        + 0.50986 * np.exp(-0.94229 * x)
        + 0.28022 * np.exp(-0.4029 * x)
        + 0.02817 * np.exp(-0.20162 * x)
    )
    return 14.3996454784255 * first * second / distance * screening


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_it_is_the_closed_formula_decreasing_to_zero_at_its_end(first, second):
    reach = reach_of(first, second)
    distances = np.concatenate([[1e-6], np.linspace(0.05, 0.95 * reach, 100)])
    x = distances / reach
    envelope = 1 - 28 * x**6 + 48 * x**7 - 21 * x**8
    found = repulsion(first, second, distances).numpy()
    # The constants are stored in float32, hence 1e-6.
    np.testing.assert_allclose(found, zbl(first, second, distances) * envelope, rtol=1e-6)
    end = repulsion(first, second, np.linspace(0.95 * reach, 0.999 * reach, 50))
    assert bool((end > 0).all())
    assert bool((end.diff() < 0).all())
    assert bool((repulsion(first, second, np.linspace(reach, 3 * reach, 20)) == 0).all())
