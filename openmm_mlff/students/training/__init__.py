"""Training of students, for ``scripts/train_students.py`` and ``train_water.py`` only.

The data: ``teacher`` labels the geometries of ``sampling``, ``rotation`` and ``liquid``
into ``frames``, and ``dataset`` does so in parallel. The training: ``fit`` is one round,
``last_rounds`` are those with rotated bonds, ``recipe`` is the whole, and ``water`` that of liquid
water. ``card`` writes the model card, ``command`` is the command line.
"""
