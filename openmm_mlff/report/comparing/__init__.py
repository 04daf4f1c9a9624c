"""Several reports against one another: what changed, accuracy against speed, what to take.

``changes`` and ``values`` compare with a baseline, ``pareto`` weighs accuracy against speed,
``advice`` says what to do; ``summary`` puts them together, and ``terminal`` and ``page`` show it.
Nothing here draws with matplotlib: a comparison is there at once.
"""
