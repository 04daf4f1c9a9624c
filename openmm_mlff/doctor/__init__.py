"""Is this machine ready: each thing that is needed is tried, and what is wrong has a remedy.

Whatever loads torch or OpenMM runs in a process of its own (``trial``, started by ``children``): a
crash is reported, not suffered. ``examination`` chains the parts.
"""
