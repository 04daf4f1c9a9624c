"""Readers of structure files: one format a module, each from text to ``FileStructure``.

A reader is a generator, so that the first frame of a long file costs no more than itself.  On a
damaged file it raises what Python raises (``ValueError``, ``IndexError``; ``KeyError`` for an
unknown element); ``molecules.files`` turns that into one line.
"""
