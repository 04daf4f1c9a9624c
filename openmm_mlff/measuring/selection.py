"""Select atoms of a structure in MDTraj's selection language."""

from typing import Any

import mdtraj
import numpy as np
import numpy.typing as npt

from openmm_mlff.errors import MoleculeError

_LONGEST_COMPLAINT = 120


def select_atoms(topology: Any, expression: str) -> npt.NDArray[np.int64]:
    """Return the indices of selected atoms of an OpenMM topology in increasing order, (M,).

    The expression is in MDTraj's language, for example ``resname LIG`` or ``not water``.

    Raises:
        MoleculeError: it cannot be read, or matches nothing.
    """
    # Bonds without an order are allowed, and MDTraj has no other warning.
    known = mdtraj.Topology.from_openmm(topology)
    try:
        chosen = np.asarray(known.select(expression), dtype=np.int64)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MoleculeError(
            f"cannot read the selection {expression!r} (MDTraj: {_complaint(error)}); expected "
            "MDTraj's selection language, for example 'resname LIG' or 'chainid 1 and not water'"
        ) from error
    if len(chosen) == 0:
        names = sorted({residue.name for residue in known.residues})
        shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        raise MoleculeError(
            f"the selection {expression!r} matches none of {known.n_atoms} atoms; the residues "
            f"are named {shown}: correct the selection"
        )
    return np.sort(chosen)


def _complaint(error: Exception) -> str:
    """Return a parser's message in one line; it may list its whole grammar before the place."""
    text = str(error).partition("\n")[0]
    if len(text.strip()) > _LONGEST_COMPLAINT:
        text = text[text.rfind("found " if "found " in text else "(at char") :]
    return " ".join(text.split())
