"""Measure speed and memory of potentials, side by side; the same as `openmm-mlff benchmark`.

Without arguments: the three students on water, methane and alanine.
"""

import sys

from openmm_mlff.cli import main

if __name__ == "__main__":
    main(["benchmark", *sys.argv[1:]])
