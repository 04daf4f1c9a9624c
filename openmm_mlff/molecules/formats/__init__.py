"""Readers of structure files: one kind per module, each from a file to ``FileStructure``.

Readers are generators, so that reading the first frame does not read a long file completely. For
invalid files they raise built-in exceptions (``ValueError``, ``LookupError``), which
``molecules.files`` converts to one-line errors, or ``BadStructureError`` with the remedy.
"""
