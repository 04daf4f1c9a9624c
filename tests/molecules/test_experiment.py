"""Molecules are found by which atoms are bonded, whatever their order, and by nothing less."""

from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.experiment import find_experiment


@pytest.mark.parametrize(
    ("system", "kind", "known"),
    [
        ("water", "frequencies", (1648.5, 3832.2, 3942.5)),
        ("methane", "bonds", {"C–H": 1.086}),
        ("smiles:COC", "barriers", {"C–O": 2.6}),
        ("oxygen", "bonds", {"O–O": 1.208}),
        ("benzene", "bonds", {"C–C": 1.392, "C–H": 1.08}),
    ],
)
def test_molecules_are_found(system, kind, known):
    experiment = find_experiment(load_system(system))
    assert getattr(experiment, kind) == known
    assert experiment.source


@pytest.mark.parametrize(
    "system", ["ethanol", "acetate", "argon_108", "water_box_64", "smiles:CCO"]
)
def test_nothing_is_known_of_others(system):
    assert find_experiment(load_system(system)) is None


def test_heavy_water_is_not_water(water):
    heavy = replace(water, masses_amu=np.where(water.atomic_numbers == 1, 2.014, 15.999))
    assert find_experiment(heavy) is None


def test_the_modes_are_as_many_as_the_molecule_has():
    for smiles, linear in (("O", 0), ("N", 0), ("C", 0), ("C=C", 0), ("C#C", 1), ("O=C=O", 1)):
        molecule = load_system(f"smiles:{smiles}")
        assert len(find_experiment(molecule).frequencies) == 3 * molecule.n_atoms - 6 + linear
