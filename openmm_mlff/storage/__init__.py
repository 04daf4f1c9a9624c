"""What stands in a run folder: typed records of measurements and simulations.

May import NumPy, pydantic and the foundation (molecules, config, results, units, errors) only.
"""
