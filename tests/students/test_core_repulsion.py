import itertools

import numpy as np
import pytest
import torch

from openmm_mlff.students.core_repulsion import REACH_IN_COVALENT_SUMS, CoreRepulsion
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM

PAIRS = list(itertools.combinations_with_replacement(COVALENT_RADII_ANGSTROM, 2))


@pytest.fixture
def core() -> CoreRepulsion:
    return CoreRepulsion().to(torch.float64)


def reach_of(first: int, second: int) -> float:
    radii = COVALENT_RADII_ANGSTROM
    return REACH_IN_COVALENT_SUMS * (radii[first] + radii[second])


def repulsion(core, first: int, second: int, distances) -> torch.Tensor:
    distance = torch.as_tensor(distances, dtype=torch.float64)
    ones = torch.ones_like(distance)
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
def test_is_the_closed_formula_under_its_envelope(core, first, second):
    reach = reach_of(first, second)
    distances = np.linspace(0.1, 0.95 * reach, 40)
    x = distances / reach
    envelope = 1 - 28 * x**6 + 48 * x**7 - 21 * x**8

    found = repulsion(core, first, second, distances).numpy()

    # The constants are kept in float32, hence 1e-6.
    np.testing.assert_allclose(found, zbl(first, second, distances) * envelope, rtol=1e-6)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_falls_from_contact_to_its_end_and_is_zero_beyond(core, first, second):
    reach = reach_of(first, second)
    inside = repulsion(core, first, second, np.linspace(0.05, 0.999 * reach, 400))
    outside = repulsion(core, first, second, np.linspace(reach, 3 * reach, 20))

    assert bool((inside > 0).all())
    assert bool((inside.diff() < 0).all())
    assert bool((outside == 0).all())


def test_bare_nuclei_repel_by_coulomb_law_at_vanishing_distance(core):
    tiny = 1e-6

    energy = float(repulsion(core, 6, 8, [tiny])[0])

    assert energy * tiny == pytest.approx(14.3996454784255 * 6 * 8, rel=1e-4)


def test_order_of_the_pair_does_not_matter(core):
    distances = np.linspace(0.3, 1.5, 7)

    torch.testing.assert_close(
        repulsion(core, 1, 8, distances), repulsion(core, 8, 1, distances), rtol=1e-14, atol=0
    )


@pytest.mark.parametrize(("first", "second"), [(1, 1), (6, 8)])
def test_value_slope_and_curvature_vanish_together_at_the_end(core, first, second):
    reach = reach_of(first, second)
    found = []
    for gap in (1e-2, 1e-4):
        distance = torch.tensor([reach - gap], dtype=torch.float64, requires_grad=True)
        ones = torch.ones_like(distance)
        value = core(distance, first * ones, second * ones, reach * ones).sum()
        (slope,) = torch.autograd.grad(value, distance, create_graph=True)
        (curvature,) = torch.autograd.grad(slope.sum(), distance)
        found.append([abs(float(x.detach())) for x in (value, slope, curvature)])

    # Near the end it goes as gap³, its slope as gap² and its curvature as gap.
    ratios = np.array(found[1]) / np.array(found[0])
    np.testing.assert_allclose(ratios, [1e-6, 1e-4, 1e-2], rtol=0.2)
