"""Radial functions of the students: smooth switches and a Gaussian basis.

Every switch is C² (value, slope and curvature are continuous), so that forces and Hessians are
continuous when an atom enters or leaves a neighbourhood.
"""

import torch
from torch import Tensor, nn


def smooth_cutoff(distance: Tensor, cutoff: float) -> Tensor:
    """Switch off smoothly: 1 at zero, 0 from `cutoff` on, C² everywhere.

    u(x) = 1 − 28 x⁶ + 48 x⁷ − 21 x⁸ with x = d / cutoff
    (Gasteiger et al. 2020, "Directional message passing", eq. 8 with p = 6).
    """
    return scaled_cutoff(distance / cutoff)


def scaled_cutoff(x: Tensor) -> Tensor:
    """Compute the envelope u(x) of :func:`smooth_cutoff` for x = d / cutoff ≥ 0, any shape."""
    x = torch.clamp(x, max=1.0)
    x6 = x**6
    return 1.0 + x6 * (-28.0 + x * (48.0 - 21.0 * x))


def smooth_step(x: Tensor) -> Tensor:
    """Increase smoothly from 0 (x ≤ 0) to 1 (x ≥ 1), C²: 10 x³ − 15 x⁴ + 6 x⁵, any shape."""
    x = torch.clamp(x, min=0.0, max=1.0)
    return x * x * x * (10.0 + x * (-15.0 + 6.0 * x))


class GaussianBasis(nn.Module):
    """Evenly spaced Gaussians between zero and the cutoff, with a width of one spacing.

    g_k(d) = exp(−½ (d − c_k)² / Δ²), Δ = cutoff / (size − 1), size ≥ 2.
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
        """Expand distances, Å, (E,), to (E, size)."""
        scaled = (distance.unsqueeze(-1) - self.centers) * self.inverse_width
        return torch.exp(-0.5 * scaled * scaled)
