"""Export a checkpoint to TorchScript; the same as `openmm-mlff export`."""

import sys

from openmm_mlff.cli import main

if __name__ == "__main__":
    main(["export", *sys.argv[1:]])
