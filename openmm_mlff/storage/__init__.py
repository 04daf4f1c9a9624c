"""Typed records of measurements and simulations in a run folder.

May import NumPy, pydantic and the foundation (molecules, config, results, units, errors) only.
"""
