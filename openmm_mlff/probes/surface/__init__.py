"""Is the energy surface physical?  Evaluations at chosen geometries, no dynamics."""
