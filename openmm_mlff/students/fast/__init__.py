"""Students of fixed composition that work out their forces themselves, without a tape.

A small molecule costs a student hardly any arithmetic: what an automatic gradient costs is the
bookkeeping of hundreds of small operations.  Here the gradient is written out by hand, all
pairs of atoms stand in dense tables, and what does not depend on the positions is worked out
when the module is built.

``pairs`` describes the pairs of atoms; ``messages`` and ``update`` are the halves of a
message-passing step, each with its way back; ``student`` chains them for copies of one molecule;
``deployment`` gives them OpenMM's contract.
"""

from openmm_mlff.students.fast.deployment import FastBatch, FastFixed

__all__ = ["FastBatch", "FastFixed"]
