"""Radial functions of the students: smooth switches and a Gaussian basis.

Every switch is C² (value, slope and curvature are continuous), so that neither forces nor
Hessians jump where an atom enters or leaves a neighbourhood.
"""

import torch
from torch import Tensor, nn


def smooth_cutoff(distance: Tensor, cutoff: float) -> Tensor:
    """Switch off smoothly: 1 at zero, 0 from `cutoff` on, C² everywhere.

    u(x) = 1 − 28 x⁶ + 48 x⁷ − 21 x⁸ with x = d / cutoff
    (Gasteiger et al. 2020, "Directional message passing", eq. 8 with p = 6).

    Args:
        distance: distances, Å, any shape.
        cutoff: where the function reaches zero, Å.

    Returns:
        The switch, dimensionless, of the shape of `distance`.
    """
    return scaled_cutoff(distance / cutoff)


def scaled_cutoff(x: Tensor) -> Tensor:
    """Evaluate the envelope of :func:`smooth_cutoff`.

    Args:
        x: distances over the cutoff, d / cutoff, dimensionless, not negative, any shape.

    Returns:
        u(x), 0 for x ≥ 1, of the shape of `x`.
    """
    x = torch.clamp(x, max=1.0)
    x6 = x**6
    return 1.0 + x6 * (-28.0 + x * (48.0 - 21.0 * x))


def smooth_step(x: Tensor) -> Tensor:
    """Rise smoothly from 0 (x ≤ 0) to 1 (x ≥ 1), C²: 10 x³ − 15 x⁴ + 6 x⁵.

    Args:
        x: dimensionless, any shape.

    Returns:
        The step, of the shape of `x`.
    """
    x = torch.clamp(x, min=0.0, max=1.0)
    return x * x * x * (10.0 + x * (-15.0 + 6.0 * x))


class GaussianBasis(nn.Module):
    """Gaussians spaced evenly between zero and the cutoff, one spacing wide.

    g_k(d) = exp(−½ (d − c_k)² / Δ²), Δ = cutoff / (size − 1).

    Args:
        size: number of Gaussians, at least 2.
        cutoff_angstrom: centre of the last one, Å.
    """

    centers: Tensor

    def __init__(self, size: int, *, cutoff_angstrom: float) -> None:
        super().__init__()
        spacing = cutoff_angstrom / (size - 1)
        self.inverse_width = 1.0 / spacing
        self.register_buffer(
            "centers", torch.linspace(0.0, cutoff_angstrom, size), persistent=False
        )

    def forward(self, distance: Tensor) -> Tensor:
        """Expand distances.

        Args:
            distance: Å, (E,).

        Returns:
            Dimensionless, (E, size).
        """
        scaled = (distance.unsqueeze(-1) - self.centers) * self.inverse_width
        return torch.exp(-0.5 * scaled * scaled)
