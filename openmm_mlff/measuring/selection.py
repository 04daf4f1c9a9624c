"""Select atoms of a structure in MDTraj's selection language."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import mdtraj
import numpy as np
import numpy.typing as npt

from openmm_mlff.config import nearest
from openmm_mlff.errors import MoleculeError

_LONGEST_COMPLAINT = 120
_MOST_NAMES = 12

_TOKEN = re.compile(
    r"\"[^\"]*\"|(?<![^\s(])'[^']*'"  # quoted; an apostrophe inside a word belongs to it
    r"|[()]|==|!=|=~|<=|>=|&&|\|\||[=<>!&|]|[^\s()=<>!&|]+"
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_OF_NAMES = ("name", "resname", "resn", "segment_id", "segname")
"""Keywords that are followed by names, which MDTraj reads unquoted only if they are plain."""

_KEYWORDS = (
    *_OF_NAMES,
    *("all", "everything", "none", "nothing", "backbone", "is_backbone", "sidechain"),
    *("is_sidechain", "protein", "is_protein", "code", "rescode", "resc", "nucleic"),
    *("is_nucleic", "water", "waters", "is_water", "index", "n_bonds", "residue", "resSeq"),
    *("resid", "resi", "chainid", "type", "element", "symbol", "mass"),
)
_COMMON = ("resname", "name", "resid", "index", "chainid", "element", "water", "protein", "all")
_OPERATORS = ("and", "or", "not", "to", "lt", "eq", "le", "ne", "ge", "gt")
_EXPECTED = "expected MDTraj's language, for example 'resname LIG' or 'chainid 1 and not water'"


def select_atoms(topology: Any, expression: str) -> npt.NDArray[np.int64]:
    """Return the indices of selected atoms of an OpenMM topology in increasing order, (M,).

    The expression is in MDTraj's language, for example ``resname LIG`` or ``not water``. Names that
    MDTraj would split, such as 36H, K+ or O5', need no quotes here.

    Raises:
        MoleculeError: it cannot be read, or matches nothing.
    """
    # Bonds without an order are allowed, and MDTraj has no other warning.
    known = mdtraj.Topology.from_openmm(topology)
    try:
        chosen = np.asarray(known.select(_quoted(expression)), dtype=np.int64)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        said = _explained(expression, known) or f"MDTraj: {_complaint(error)}"
        raise MoleculeError(
            f"cannot read the selection {expression!r} ({said}); {_EXPECTED}"
        ) from error
    if len(chosen) == 0:
        raise MoleculeError(
            f"the selection {expression!r} matches none of {known.n_atoms} atoms; "
            f"{_names(expression, known)}"
        )
    return np.sort(chosen)


def _quoted(expression: str) -> str:
    """Return the expression with quotes around names that are not letters and digits only."""
    parts, end, keyword = [], 0, ""
    for match in _TOKEN.finditer(expression):
        word = match[0]
        keyword = word if word in _KEYWORDS else keyword
        is_name = keyword in _OF_NAMES and word[0] not in "\"'()=<>!&|"
        if is_name and word != keyword and not _PLAIN.fullmatch(word):
            parts += [expression[end : match.start()], f'"{word}"']
            end = match.end()
    return "".join([*parts, expression[end:]])


def _words(expression: str) -> Iterator[tuple[str, str]]:
    """Yield the words that are neither quoted nor operators, each with the keyword before it."""
    keyword = ""
    for word in _TOKEN.findall(expression):
        if word in _KEYWORDS:
            keyword = word
        elif word[0] not in "\"'()=<>!&|" and word.lower() not in _OPERATORS:
            yield word, keyword


def _explained(expression: str, known: mdtraj.Topology) -> str:
    """Return what is wrong with an expression that MDTraj cannot read; empty if not evident."""
    tokens = _TOKEN.findall(expression)
    if not tokens:
        return "it is empty"
    if "=" in tokens:
        return "= is not an operator; write =="
    balance = tokens.count("(") - tokens.count(")")
    if balance:
        return f"a bracket is {'not closed' if balance > 0 else 'closed that was not opened'}"
    if tokens[-1] in _OPERATORS or tokens[-1] in _OF_NAMES:
        return f"nothing follows {tokens[-1]!r}"
    residues = {residue.name for residue in known.residues}
    for word, keyword in _words(expression):
        if keyword in _OF_NAMES or word.isdigit():
            continue
        if word in residues:
            return f"{word!r} is the name of a residue; write resname {word}"
        if not keyword:
            return f"{word!r} is not a keyword; {nearest(word, _COMMON)}"
    return ""


def _names(expression: str, known: mdtraj.Topology) -> str:
    """Return names of residues, unusual and rare ones first, or one that is spelt alike."""
    counts = Counter(residue.name for residue in known.residues)
    usual = {
        residue.name
        for residue in known.residues
        if residue.is_protein or residue.is_nucleic or residue.is_water
    }
    lower = {name.lower(): name for name in counts}
    for word, _ in _words(expression):
        alike = lower.get(word.lower())
        if alike is not None and f"resname {alike}" not in expression:
            return f"residue names are case-sensitive: write resname {alike}"
    # A protein, solvent and ions, of which there are many, would hide a ligand.
    names = sorted(counts, key=lambda name: (name in usual, counts[name], name))
    more = ", ..." if len(names) > _MOST_NAMES else ""
    shown = ", ".join(names[:_MOST_NAMES])
    return f"the residues are named {shown}{more}: correct the selection"


def _complaint(error: Exception) -> str:
    """Return a parser's message in one line; it may list its whole grammar before the place."""
    text = str(error).partition("\n")[0]
    if len(text.strip()) > _LONGEST_COMPLAINT:
        text = text[text.rfind("found " if "found " in text else "(at char") :]
    return " ".join(text.split())
