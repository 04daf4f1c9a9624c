"""Elements supported by students; without torch, for processes that only label."""

COVALENT_RADII_ANGSTROM = {1: 0.31, 6: 0.76, 7: 0.71, 8: 0.66}
"""Cordero et al. 2008, "Covalent radii revisited"."""
