"""Draw a structure as SVG: balls and sticks, seen along its thinnest direction."""

from collections.abc import Collection

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom

WIDTH, MARGIN_ANGSTROM = 240.0, 0.3
BALL, STICK_ANGSTROM = 0.55, 0.2
"""Radius of a ball over the covalent radius, and width of a stick."""

TORN = 1.5
"""A bond longer than this many times its length in the starting structure is dashed."""

COLOURS = {
    "H": "#f2f2f2",
    "C": "#8a8a8a",
    "N": "#3050f8",
    "O": "#ff0d0d",
    "F": "#90e050",
    "Na": "#ab5cf2",
    "Si": "#f0c8a0",
    "P": "#ff8000",
    "S": "#ffff30",
    "Cl": "#1ff01f",
    "Cu": "#c88033",
    "Br": "#a62929",
}
"""Jmol's, as in the viewer."""

OTHER_COLOUR = "#c0b0d0"


def structure_svg(
    system: MolecularSystem,
    positions: npt.NDArray[np.float64],
    *,
    marked: Collection[int] = (),
) -> Markup:
    """Return the SVG of a system at positions (N, 3) in Å; ``marked`` atoms have a ring.

    It has no title; colours of rings, sticks and outlines are those of the page's style.
    """
    start, bonds = system.positions_angstrom, system.bonds or ()
    radii = BALL * covalent_radii_angstrom(system.atomic_numbers)
    # The axes of largest spread become x and y, without reflection.
    axes = np.linalg.svd(start - start.mean(axis=0))[2]
    axes[2] *= np.sign(np.linalg.det(axes))
    places = (positions - positions.mean(axis=0)) @ axes.T
    room = radii[:, None] + MARGIN_ANGSTROM
    low, high = (places - room).min(axis=0), (places + room).max(axis=0)
    scale = WIDTH / float((high - low)[:2].max())
    x, y = scale * (places[:, 0] - low[0]), scale * (high[1] - places[:, 1])
    parts = []
    for k, symbol in enumerate(system.symbols):
        circle = f'<circle cx="{x[k]:.1f}" cy="{y[k]:.1f}" r="{scale * radii[k]:.1f}" '
        ball = f'{circle}fill="{COLOURS.get(symbol, OTHER_COLOUR)}"/>'
        ring = f'{circle}class="ring"/>' if k in marked else ""
        parts.append((places[k, 2], ball + ring))
    for i, j in bonds:
        is_torn = _distance(positions, i, j) > TORN * _distance(start, i, j)
        look = 'class="torn"' if is_torn else f'stroke-width="{scale * STICK_ANGSTROM:.1f}"'
        path = f'<path d="M{x[i]:.1f} {y[i]:.1f}L{x[j]:.1f} {y[j]:.1f}" {look}/>'
        parts.append((min(places[i, 2], places[j, 2]) - 1e-6, path))
    width, height = scale * (high - low)[:2]
    drawn = "".join(text for _, text in sorted(parts, key=lambda part: part[0]))
    box = f'viewBox="0 0 {width:.0f} {height:.0f}"'
    # Nothing in it is text from elsewhere.
    return Markup(f'<svg class="structure" aria-hidden="true" {box}>{drawn}</svg>')


def _distance(positions: npt.NDArray[np.float64], i: int, j: int) -> float:
    return float(np.linalg.norm(positions[i] - positions[j]))
