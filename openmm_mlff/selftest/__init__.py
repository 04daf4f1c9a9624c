"""Who checks the checker: healthy potentials, planted faults, and what the suite sees of them."""
