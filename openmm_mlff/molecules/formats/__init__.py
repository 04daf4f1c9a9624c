"""Readers of structure files: one format per module, each from text to ``FileStructure``.

Readers are generators, so that reading the first frame does not read a long file completely. For
invalid files they raise built-in exceptions (``ValueError``, ``IndexError``; ``KeyError`` for an
unknown element), which ``molecules.files`` converts to one-line errors.
"""
