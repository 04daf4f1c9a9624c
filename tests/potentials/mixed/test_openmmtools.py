"""Systems of the package openmmtools (0.27.0), of which only the data are needed.

They are found where the package is installed, or unpacked in the folder that OPENMMTOOLS names.
"""

import importlib.util
import os
from pathlib import Path

import pytest

from openmm_mlff.errors import MoleculeError
from openmm_mlff.measuring.selection import select_atoms
from openmm_mlff.potentials.mixed import load_prepared

from .conftest import evaluated, parts_of, prepared_mixed

LYSOZYME = "T4-lysozyme-L99A-implicit/complex.prmtop"
METHANOL = "methanol-box/methanol-box.prmtop"
DIPEPTIDE = "alanine-dipeptide-gbsa/alanine-dipeptide.prmtop"


@pytest.fixture(scope="module")
def data() -> Path:
    found = importlib.util.find_spec("openmmtools")
    places = [os.environ.get("OPENMMTOOLS"), *(found.submodule_search_locations if found else ())]
    for place in filter(None, places):
        if (Path(place) / "data" / LYSOZYME).is_file():
            return Path(place) / "data"
    pytest.skip("openmmtools is neither installed nor unpacked in the folder OPENMMTOOLS")


@pytest.mark.parametrize(
    ("topology", "coordinates", "formula", "part", "count", "solvent"),
    [
        (LYSOZYME, "complex-minimized.crd", "C819H1323N235O239S5", "resname TMP", 18, "OBC2"),
        (METHANOL, "methanol-box.crd", "C125H500O125", "resid 0", 6, "none"),
        (DIPEPTIDE, "alanine-dipeptide.crd", "C6H12N2O2", "resname ALA", 10, "none"),
    ],
    ids=["lysozyme", "methanol", "dipeptide"],
)
def test_the_mixed_system_is_the_sum_of_its_parts(
    data, topology, coordinates, formula, part, count, solvent
):
    prmtop = data / topology
    potential, molecule = prepared_mixed(
        [prmtop], prmtop.with_name(coordinates), part, student="original", implicit_solvent=solvent
    )
    assert molecule.formula == formula
    assert len(potential.ml_atoms) == count
    (whole_ev, _), (inside_ev, _), (learned_ev, _) = parts_of(potential, molecule)
    mixed_ev, _ = evaluated(potential, molecule)
    expected_ev = whole_ev - inside_ev + learned_ev
    assert mixed_ev == pytest.approx(expected_ev, abs=1e-3 if molecule.is_periodic else 1e-8)


def test_a_message_with_residue_names_begins_with_the_ligand(data):
    prmtop = data / LYSOZYME
    prepared = load_prepared([str(prmtop)], structure=prmtop)
    with pytest.raises(MoleculeError, match="the residues are named TMP, HIS, PRO"):
        select_atoms(prepared.topology, "resname LIG")
