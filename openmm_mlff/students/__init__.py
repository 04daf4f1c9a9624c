"""Students: small networks distilled from a teacher, their training, files and deployed form.

``painn`` is this project's own architecture (based on ``radial`` and ``core_repulsion``),
``distiller`` the published one. ``checkpoint`` and ``loading`` read and write weights,
``deployment`` builds modules that TorchScript compiles, ``fast`` those with analytic forces,
``neighbours`` those for large molecules and boxes. The order of training is ``sampling,
distortion, turning -> dataset -> frames -> training -> last_rounds -> recipe -> card``; ``command``
is its command line.
"""
