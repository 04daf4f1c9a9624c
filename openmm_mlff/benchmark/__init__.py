"""How fast a potential runs and how much memory it takes, side by side with others.

``plan`` says how it is measured, ``entries`` what comes out, ``statistics`` and ``schedule`` are
pure, ``blocks`` holds the code that is timed, ``memory`` measures in a fresh process,
``environment`` describes the machine, ``runner`` puts them together and ``command`` is the command
line.  Nothing is imported here, so that the command line starts without torch and OpenMM.
"""
