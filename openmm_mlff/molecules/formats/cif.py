"""CIF: macromolecular (PDBx/mmCIF) and of small-molecule crystals, both parsed by ASE.

The symmetry of a crystal is expanded and its cell repeated to be wide enough.
"""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from openmm_mlff.molecules.formats.elements import AtomRecord
from openmm_mlff.molecules.formats.frames import structure_of_crystal
from openmm_mlff.molecules.formats.pdb import structure_of
from openmm_mlff.molecules.formats.structure import BadStructureError, FileStructure, recorded_cell

_UNKNOWN = ("?", ".", "")
_CELL = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
_COLUMNS = (
    "cartn_x",
    "cartn_y",
    "cartn_z",
    "label_atom_id auth_atom_id",
    "auth_comp_id label_comp_id",
    "label_alt_id",
    "type_symbol",
    "pdbx_formal_charge",
    "auth_asym_id label_asym_id",
    "auth_seq_id label_seq_id",
    "pdbx_pdb_ins_code",
)
"""Columns of an atom, with what is used where one is absent, in the order of ``_atom``."""

_SPACE_GROUPS = ("_symmetry.space_group_name_h-m", "_space_group.name_h-m_alt")


def read_cif(handle: TextIO) -> Iterator[FileStructure]:
    """Read the models of the first mmCIF block, or the crystals of a small-molecule CIF."""
    from ase.io.cif import parse_cif

    with warnings.catch_warnings():
        # A row of another length is damage.
        warnings.simplefilter("error")
        blocks = list(parse_cif(io.BytesIO(handle.read().encode())))
    for block in blocks:
        if "_atom_site.cartn_x" in block:
            yield from _models({key: _listed(value) for key, value in block.items()})
            return
    crystals = [block for block in blocks if block.has_structure()]
    if not crystals:
        raise BadStructureError(
            "it has neither _atom_site.Cartn_x nor a cell with _atom_site_fract_x; expected "
            "atomic coordinates"
        )
    for block in crystals:
        occupancy = _listed(block.get("_atom_site_occupancy", 1))
        groups = {*_listed(block.get("_atom_site_disorder_group", "."))} - {*_UNKNOWN}
        if groups or any(value not in (1, *_UNKNOWN) for value in occupancy):
            raise BadStructureError(
                "its sites are partially occupied or disordered; keep one of the arrangements"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            atoms = block.get_atoms()
        yield structure_of_crystal(atoms)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _models(table: Mapping[str, list[Any]]) -> Iterator[FileStructure]:
    values = [table.get(f"_cell.{key}", ["?"])[0] for key in _CELL]
    groups = [str(table[tag][0]) for tag in _SPACE_GROUPS if tag in table]
    cell, note = recorded_cell(
        [float(value) for value in values if value not in _UNKNOWN], space_group="".join(groups[:1])
    )
    count = len(table["_atom_site.cartn_x"])
    models = _column(table, "pdbx_pdb_model_num", count=count)
    columns = [_column(table, *keys.split(), count=count) for keys in _COLUMNS]
    for model in dict.fromkeys(models):
        atoms = [_atom(row) for of, *row in zip(models, *columns, strict=True) if of == model]
        structure, _ = structure_of(atoms, cell=cell, note=note, remedy="add type_symbol")
        yield structure


def _atom(row: Sequence[str]) -> AtomRecord:
    x, y, z, name, residue, altloc, element, charge, chain, number, insertion = row
    return AtomRecord(
        name=name,
        residue=residue,
        place=" ".join(f"{chain} {number}{insertion}".split()),
        altloc=altloc,
        element=element,
        charge=int(charge or 0),
        position_angstrom=(float(x), float(y), float(z)),
    )


def _column(table: Mapping[str, list[Any]], *keys: str, count: int) -> list[str]:
    """Return the first existing column of the atoms; unknown values are empty strings."""
    for key in keys:
        found = table.get(f"_atom_site.{key}")
        if found is not None:
            return ["" if value in _UNKNOWN else str(value) for value in found]
    return [""] * count
