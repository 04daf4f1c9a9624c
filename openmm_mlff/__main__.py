"""``python -m openmm_mlff`` is the command line."""

from openmm_mlff.cli import main

main()
