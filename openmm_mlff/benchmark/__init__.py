"""Speed and memory use of potentials, compared with one another.

``plan`` defines the method and ``entries`` the results; ``rounds`` is the loop in which everything
is timed, ``blocks`` and ``model_blocks`` the timed code, and ``runner`` the whole benchmark.
Nothing is imported here, so that the command line starts without torch and OpenMM.
"""
