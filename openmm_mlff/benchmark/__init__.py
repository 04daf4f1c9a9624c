"""How fast a potential runs and how much memory it takes, side by side with others.

``plan`` says how it is measured, ``entries`` what comes out; ``statistics``, ``schedule``,
``ratios`` and ``scaling`` are pure; ``variants`` are the backends of a model; ``blocks`` and
``model_blocks`` hold the code that is timed, ``reporting`` the reporters beside it; ``memory``
measures in a fresh process; ``threads`` chooses their number; ``peers`` are measured beside the
models; ``rounds`` runs all in turn, ``one_system`` prepares them, ``comparing`` makes entries of
their times; ``profiling`` looks into a step; ``environment`` describes the machine, ``document``
is the file, ``runner`` puts all together and ``command`` is the command line.  Nothing is imported
here, so that the command line starts without torch and OpenMM.
"""
