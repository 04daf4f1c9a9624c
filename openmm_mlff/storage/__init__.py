"""Files, and the run folder with its typed records of measurements and simulations.

``files``, ``text``, ``streams`` and ``locks`` import ``errors`` and ``units`` only, the others also
NumPy, pydantic and the foundation (molecules, config, results).
"""
