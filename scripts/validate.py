"""Validate potentials; the same as `openmm-mlff validate`.

Without arguments: student:original on water, methane and alanine by the standard protocol, against
GFN2-xTB.
"""

import sys

from openmm_mlff.cli import main

if __name__ == "__main__":
    main(["validate", *sys.argv[1:]])
