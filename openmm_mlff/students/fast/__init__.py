"""Students that compute their forces themselves, without automatic differentiation.

A small molecule costs a student hardly any arithmetic: what an automatic gradient costs is the
bookkeeping of hundreds of small operations.  Here the gradient is written out by hand, and what
does not depend on the positions is computed when the module is built.

``pairs`` describes the pairs of atoms; ``messages`` and ``update`` are the halves of a
message-passing step, each with its way back; ``student`` chains them for copies of one molecule
with all its pairs in dense tables, ``listed`` for any list of pairs; ``deployment`` gives them
OpenMM's contract.
"""

from openmm_mlff.students.fast.deployment import FastBatch, FastFixed
from openmm_mlff.students.fast.listed import ListedStudent

__all__ = ["FastBatch", "FastFixed", "ListedStudent"]
