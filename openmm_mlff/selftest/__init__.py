"""Self-test: run the checks on healthy potentials and on potentials with planted faults."""
