"""Students: small networks distilled from a teacher, their training, files and deployed form.

``painn`` is this project's own architecture (on ``radial`` and ``core_repulsion``), ``distiller``
the published one.  ``checkpoint`` and ``loading`` read and write weights, ``deployment`` makes
modules that TorchScript compiles, ``fast`` some that work out their forces without a tape,
``neighbours`` those of large molecules and boxes.  Training goes ``sampling, distortion, turning ->
dataset -> frames -> training -> last_rounds -> recipe -> card``; ``command`` is its command line.
"""
