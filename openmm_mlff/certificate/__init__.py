"""The certificate of an approved model: identity, results, and reference values.

``record`` defines the file, ``writer`` creates it from a run (without torch or OpenMM),
``verification`` checks whether a model is the certified one and this machine reproduces its values.
"""
