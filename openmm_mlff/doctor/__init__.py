"""Check that this machine is ready for validations, with a remedy for each problem.

Everything that loads torch or OpenMM runs in a separate process (``trial``, started by
``children``), so that a crash is reported. ``examination`` combines the parts.
"""
