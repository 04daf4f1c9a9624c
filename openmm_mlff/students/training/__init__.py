"""Training of students, for ``scripts/train_students.py``; nothing else imports it.

The data: ``teacher`` labels the geometries of ``sampling``, ``distortion`` and ``rotation`` into
``frames``, and ``dataset`` does so in parallel. The training: ``fit`` is one round, ``last_rounds``
are those with rotated bonds, ``recipe`` is the whole. ``card`` writes the model card, ``command``
is the command line.
"""
