"""Speed and memory use of potentials, compared with one another.

``plan`` defines the method and ``entries`` the results; ``statistics``, ``schedule``, ``ratios``
and ``scaling`` are pure; ``variants`` are the backends of a model; ``blocks`` and ``model_blocks``
contain the timed code, ``reporting`` the reporters; ``memory`` measures in a fresh process;
``threads`` selects their number; ``peers`` are other codes to compare with; ``rounds`` runs all of
them in turn, ``one_system`` prepares them, ``comparing`` converts times to entries; ``profiling``
analyses a step; ``environment`` describes the machine, ``document`` is the file, ``runner`` runs
everything and ``command`` is the command line. Nothing is imported here, so that the command line
starts without torch and OpenMM.
"""
