"""Students: small networks distilled from a teacher, their files and deployed form.

``painn`` is this project's own architecture (based on ``radial`` and ``core_repulsion``),
``distiller`` the published one. ``checkpoint`` and ``loading`` read and write weights,
``deployment`` builds modules that TorchScript compiles, ``neighbours`` those for large molecules
and boxes, ``fast`` those with analytic forces; ``evaluation`` runs them outside OpenMM.
``training`` makes the weights.
"""
