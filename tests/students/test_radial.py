import numpy as np
import pytest
import torch

from openmm_mlff.students.radial import GaussianBasis, scaled_cutoff, smooth_cutoff, smooth_step

CUTOFF = 5.0


def derivatives(function, x: float) -> list[float]:
    """Value, slope and curvature at x, by autograd in float64."""
    point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    value = function(point)
    (slope,) = torch.autograd.grad(value, point, create_graph=True)
    (curvature,) = torch.autograd.grad(slope, point, create_graph=True)
    return [float(value.detach()), float(slope.detach()), float(curvature.detach())]


SWITCHES = [
    pytest.param(lambda d: smooth_cutoff(d, CUTOFF), CUTOFF, id="cutoff"),
    pytest.param(scaled_cutoff, 1.0, id="scaled"),
    pytest.param(smooth_step, 0.0, id="step-begins"),
    pytest.param(smooth_step, 1.0, id="step-ends"),
]


@pytest.mark.parametrize(("function", "joint"), SWITCHES)
def test_value_slope_and_curvature_are_continuous_at_the_joint(function, joint):
    gaps = []
    for distance in (1e-4, 1e-6):
        below = np.array(derivatives(function, joint - distance))
        above = np.array(derivatives(function, joint + distance))
        gaps.append(np.abs(below - above))
    # The remaining gaps come from the third derivative and shrink with the distance.
    assert gaps[1].max() < 1e-3
    assert gaps[1][2] < 0.02 * gaps[0][2]


def test_cutoff_and_step_are_the_published_polynomials():
    x = torch.tensor([0.0, 0.2, 0.5, 0.9, 1.0], dtype=torch.float64)
    expected = 1 - 28 * x**6 + 48 * x**7 - 21 * x**8
    torch.testing.assert_close(scaled_cutoff(x), expected, rtol=1e-13, atol=0)
    torch.testing.assert_close(smooth_cutoff(CUTOFF * x, CUTOFF), expected, rtol=1e-12, atol=0)
    beyond = torch.tensor([CUTOFF, CUTOFF + 1e-9, 7.0, 1e6], dtype=torch.float64)
    np.testing.assert_allclose(smooth_cutoff(beyond, CUTOFF), np.zeros(4), atol=1e-14)
    torch.testing.assert_close(smooth_step(x) + smooth_step(1.0 - x), torch.ones_like(x))
    assert smooth_step(torch.tensor([-3.0, 0.0, 1.0, 4.0])).tolist() == [0.0, 0.0, 1.0, 1.0]


def test_basis_has_its_maxima_at_its_centres_and_is_one_spacing_wide():
    basis = GaussianBasis(6, cutoff_angstrom=CUTOFF).to(torch.float64)
    centres = torch.linspace(0.0, CUTOFF, 6, dtype=torch.float64)
    values = basis(centres)
    assert values.shape == (6, 6)
    torch.testing.assert_close(values.diagonal(), torch.ones(6, dtype=torch.float64))
    torch.testing.assert_close(
        values.diagonal(1), torch.full((5,), float(np.exp(-0.5)), dtype=torch.float64)
    )
    distances = torch.linspace(0.1, 6.0, 9, dtype=torch.float64)
    torch.testing.assert_close(torch.jit.script(basis)(distances), basis(distances))
