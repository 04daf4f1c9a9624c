"""Macromolecular CIF (PDBx/mmCIF)."""

import re
from collections.abc import Iterator
from typing import TextIO

import numpy as np

from openmm_mlff.molecules.formats.crystal import first_locations, recorded_cell
from openmm_mlff.molecules.formats.structure import (
    BadStructureError,
    FileStructure,
    atomic_number,
    position_array,
)

_TOKEN = re.compile(r"""'(?:[^']|'(?=\S))*'(?=\s|$)|"(?:[^"]|"(?=\S))*"(?=\s|$)|#.*|\S+""")
_UNKNOWN = ("?", ".", "")
_CELL = tuple(f"_cell.{key}" for key in ("length_a", "length_b", "length_c")) + tuple(
    f"_cell.angle_{angle}" for angle in ("alpha", "beta", "gamma")
)
_SPACE_GROUPS = ("_symmetry.space_group_name_h-m", "_space_group.name_h-m_alt")

Table = dict[str, list[str]]
"""Values by lower-case tag."""


def read_mmcif(handle: TextIO) -> Iterator[FileStructure]:
    """Read the models of an mmCIF file's first data block.

    Of alternate locations the first of each residue is kept.

    Yields:
        One structure per model.

    Raises:
        BadStructureError: the file is not a macromolecular CIF.
    """
    table = _read_table(handle)
    if "_atom_site.cartn_x" not in table:
        kind = "a small-molecule CIF" if "_atom_site_fract_x" in table else "no mmCIF"
        raise BadStructureError(
            f"{kind}: it has no _atom_site.Cartn_x; expected a macromolecular CIF (PDBx/mmCIF): "
            "convert the structure to PDB, SDF or extended XYZ"
        )
    cell, note = None, ""
    lengths_and_angles = [table.get(tag, ["?"])[0] for tag in _CELL]
    if not set(lengths_and_angles) & set(_UNKNOWN):
        groups = [table[tag][0] for tag in _SPACE_GROUPS if tag in table]
        cell, note = recorded_cell(
            [_number(value) for value in lengths_and_angles], space_group=(groups or [""])[0]
        )
    models = _column(table, "pdbx_PDB_model_num")
    for model in dict.fromkeys(models):
        rows = _kept_rows(table, [row for row, name in enumerate(models) if name == model])
        columns = [_column(table, f"Cartn_{axis}") for axis in "xyz"]
        symbols = _column(table, "type_symbol")
        charges = _column(table, "pdbx_formal_charge")
        yield FileStructure(
            atomic_numbers=np.array([atomic_number(symbols[row]) for row in rows], dtype=np.int64),
            positions_angstrom=position_array(
                [tuple(_number(column[row]) for column in columns) for row in rows]  # type: ignore[misc]
            ),
            charge=sum(int(charges[row] or 0) for row in rows),
            cell_angstrom=cell,
            note=note,
        )


def _column(table: Table, *keys: str) -> list[str]:
    """Return the first existing column of the atoms; unknown values are empty strings."""
    n_atoms = len(table["_atom_site.cartn_x"])
    for key in keys:
        found = table.get(f"_atom_site.{key.lower()}")
        if found is not None:
            return ["" if value in _UNKNOWN else value for value in found]
    return [""] * n_atoms


def _kept_rows(table: Table, rows: list[int]) -> list[int]:
    parts = [
        _column(table, "auth_asym_id", "label_asym_id"),
        _column(table, "auth_seq_id", "label_seq_id"),
        _column(table, "pdbx_PDB_ins_code"),
    ]
    altlocs = _column(table, "label_alt_id")
    kept = first_locations(
        [tuple(part[row] for part in parts) for row in rows], altlocs=[altlocs[row] for row in rows]
    )
    return [rows[k] for k in kept]


def _number(text: str) -> float:
    """Read a number, possibly with its uncertainty: 1.234(5)."""
    return float(text.partition("(")[0])


def _read_table(handle: TextIO) -> Table:
    """Read the tags of the data block with the atoms, or of the last block if there is none."""
    table: Table = {}
    tags: list[str] = []
    is_loop, n_values = False, 0
    for word, is_value in _words(handle):
        lower = word.lower()
        if not is_value and lower.startswith("data_"):
            if "_atom_site.cartn_x" in table:
                break
            table, tags, n_values = {}, [], 0
        elif not is_value and (lower == "loop_" or lower.startswith("_")):
            if lower == "loop_" or not is_loop or n_values:
                _check_complete(table, tags)
                tags, is_loop, n_values = [], lower == "loop_", 0
            if lower != "loop_":
                tags.append(lower)
                table[lower] = []
        elif not tags or (n_values and not is_loop):
            raise ValueError(f"{word!r} stands where a tag was expected")
        else:
            table[tags[n_values % len(tags)]].append(word)
            n_values += 1
    _check_complete(table, tags)
    return table


def _check_complete(table: Table, tags: list[str]) -> None:
    lengths = {len(table[tag]) for tag in tags}
    if len(lengths) > 1 or lengths == {0}:
        raise ValueError(f"the values of {tags[0]} break off")


def _words(handle: TextIO) -> Iterator[tuple[str, bool]]:
    """Split the text into words, with a flag for definite values (quoted, or text fields)."""
    lines = iter(handle)
    for line in lines:
        if line.startswith(";"):
            text = [line[1:]]
            for more in lines:
                if more.startswith(";"):
                    break
                text.append(more)
            else:
                raise ValueError("a text field has no end")
            yield "".join(text).strip(), True
            continue
        for word in _TOKEN.findall(line):
            if word.startswith("#"):
                break
            quoted = word[0] in "'\"" and len(word) > 1 and word[-1] == word[0]
            yield (word[1:-1] if quoted else word), quoted
