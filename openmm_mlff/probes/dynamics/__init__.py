"""Short experiments that start where a run of the potential ended."""
