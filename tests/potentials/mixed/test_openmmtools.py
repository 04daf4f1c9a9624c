"""Systems of the package openmmtools (0.27.0), of which only the data are needed.

They are found where the package is installed, or unpacked in the folder that OPENMMTOOLS names.
"""

import importlib.util
import os
from pathlib import Path

import pytest

from openmm_mlff.errors import MoleculeError
from openmm_mlff.measuring.selection import select_atoms
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.engine import Engine
from openmm_mlff.potentials.mixed import (
    MixedPotential,
    MixedSettings,
    load_prepared,
    prepared_molecule,
)


@pytest.fixture(scope="module")
def data() -> Path:
    found = importlib.util.find_spec("openmmtools")
    places = [os.environ.get("OPENMMTOOLS"), *(found.submodule_search_locations if found else ())]
    for place in filter(None, places):
        if (Path(place) / "data" / "T4-lysozyme-L99A-implicit").is_dir():
            return Path(place) / "data"
    pytest.skip("openmmtools is neither installed nor unpacked in the folder OPENMMTOOLS")


@pytest.mark.parametrize(
    ("topology", "coordinates", "formula", "part", "solvent"),
    [
        (
            "T4-lysozyme-L99A-implicit/complex.prmtop",
            "T4-lysozyme-L99A-implicit/complex-minimized.crd",
            "C819H1323N235O239S5",
            ("resname TMP", 18),
            "OBC2",
        ),
        (
            "methanol-box/methanol-box.prmtop",
            "methanol-box/methanol-box.crd",
            "C125H500O125",
            ("resid 0", 6),
            "none",
        ),
        (
            "alanine-dipeptide-gbsa/alanine-dipeptide.prmtop",
            "alanine-dipeptide-gbsa/alanine-dipeptide.crd",
            "C6H12N2O2",
            ("resname ALA", 10),
            "none",
        ),
    ],
    ids=["lysozyme", "methanol", "dipeptide"],
)
def test_the_mixed_system_is_the_sum_of_its_parts(
    data, topology, coordinates, formula, part, solvent
):
    prepared = load_prepared([str(data / topology)], structure=data / coordinates)
    molecule = prepared_molecule(prepared, data / coordinates)
    assert molecule.formula == formula
    selection, count = part
    potential = MixedPotential(
        load_potential("student:original"),
        prepared.topology,
        ml_atoms=select_atoms(prepared.topology, selection),
        forcefield=prepared,
        settings=MixedSettings(implicit_solvent=solvent),
    )
    assert len(potential.ml_atoms) == count
    placed, alone = molecule.positions_angstrom, potential.ml_part(molecule)
    learned = potential.ml_potential.evaluate(
        alone, alone.positions_angstrom[None], precision="double"
    )
    whole_ev, inside_ev, mixed_ev = (
        Engine(system, precision="double").evaluate(placed)[0]
        for system in (
            potential.mm_system(molecule),
            potential.mm_system_of_part(molecule),
            potential.create_system(molecule, precision="double"),
        )
    )
    expected_ev = whole_ev - inside_ev + learned.energies_ev[0]
    assert mixed_ev == pytest.approx(expected_ev, abs=1e-3 if molecule.is_periodic else 1e-8)


def test_a_message_with_residue_names_begins_with_the_ligand(data):
    prmtop = data / "T4-lysozyme-L99A-implicit" / "complex.prmtop"
    prepared = load_prepared([str(prmtop)], structure=prmtop)
    with pytest.raises(MoleculeError, match="the residues are named TMP, HIS, PRO"):
        select_atoms(prepared.topology, "resname LIG")
