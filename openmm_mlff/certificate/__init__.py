"""The certificate of an approved model: what it is, what was found, values to find again.

``record`` is the file, ``writing`` makes it of a run (without torch or OpenMM), ``verifying`` says
whether a model is the certified one and whether this machine computes the same.
"""
