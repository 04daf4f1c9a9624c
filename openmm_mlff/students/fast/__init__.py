"""Students that compute forces analytically, without automatic differentiation.

For a small molecule, the cost of automatic differentiation is dominated by the overhead of
hundreds of small operations. Here the gradient is written explicitly, and everything independent of
the positions is computed when the module is built.

``pairs`` describes the pairs of atoms; ``messages`` and ``update`` are the halves of a
message-passing step, each with its backward pass; ``student`` combines them for copies of one
molecule with all pairs in dense tables, ``listed`` for any list of pairs.
"""

from openmm_mlff.students.fast.listed import ListedStudent
from openmm_mlff.students.fast.student import FastFixed

__all__ = ["FastFixed", "ListedStudent"]
