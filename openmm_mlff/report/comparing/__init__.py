"""Comparison of several reports: changes, accuracy against speed, recommendation.

``changes`` compares with a baseline, ``pareto`` weighs accuracy against speed,
``advice`` recommends models; ``summary`` combines them, ``terminal`` and ``page`` display them. No
module here imports matplotlib.
"""
