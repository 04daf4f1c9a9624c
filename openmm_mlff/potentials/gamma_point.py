"""Boxes that a method limited to the Γ point can describe."""

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.system import box_widths_angstrom

GAMMA_ONLY_CALCULATORS = ("TBLite",)
"""Classes of ASE calculators that sample only the Γ point."""

SMALLEST_WIDTH_ANGSTROM = 12.0
"""GFN2-xTB compared with a wider box: liquid water 12.4 Å wide, 5e-4 meV/atom and 0.07 meV/Å;
silicon 10.9 Å, 4 meV/atom; silicon 5.4 Å, 459; sodium 12.7 Å, 206, since a metal needs many
k-points."""

_NON_METALS = frozenset(
    (1, 2, *range(5, 11), *range(14, 19), *range(32, 37), *range(51, 55), 85, 86)
)


def gamma_point_refusal(molecule: MolecularSystem) -> str:
    """Return why the Γ point alone cannot describe a system; empty if it can."""
    if molecule.cell_angstrom is None:
        return ""
    width = box_widths_angstrom(molecule.cell_angstrom).min()
    is_metal = not _NON_METALS.intersection(molecule.atomic_numbers.tolist())
    if not is_metal and width >= SMALLEST_WIDTH_ANGSTROM:
        return ""
    found = "a metal" if is_metal else f"a box {width:.1f} Å wide"
    return (
        f"it samples the Γ point only, which is not sufficient for {found}; expected a non-metal "
        f"in a box at least {SMALLEST_WIDTH_ANGSTROM:g} Å wide"
    )
