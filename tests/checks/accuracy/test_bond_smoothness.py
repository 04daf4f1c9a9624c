"""Scans of bonds: a dent is found on its own side, at its own length."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.bond_smoothness import (
    COMPRESSED,
    HIGHEST_EV,
    STRETCHED,
    Record,
    scanned_bonds,
)
from openmm_mlff.molecules import alike_atoms, load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults.pairs import hydroxyls
from openmm_mlff.selftest.faults.plant import with_pair_term
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pairs import Gaussian

POINTS = COMPRESSED + STRETCHED + 1
LENGTHS = np.concatenate(
    [np.linspace(0.6, 1.0, COMPRESSED + 1), np.linspace(1.0, 1.8, STRETCHED + 1)[1:]]
)


@pytest.fixture
def dented(water):
    """A potential of water whose bonds have a dent of 0.5 eV at a length, Å."""

    def make(length_angstrom):
        plant = with_pair_term(
            hydroxyls, lambda apart, depth: Gaussian(-depth, length_angstrom, 0.05)(apart)
        )
        return plant(healthy("bonded", molecule=water, seed=0), 0.5)

    return make


@pytest.mark.parametrize(
    ("at_angstrom", "status", "side"),
    [(10.0, Status.PASS, ""), (0.75, Status.FAIL, "compression"), (1.3, Status.FAIL, "stretch")],
)
def test_a_dent_is_on_its_side(measured, make_subject, dented, water, at_angstrom, status, side):
    reference = healthy("bonded", molecule=water, seed=0)
    result = measured(make_subject(dented(at_angstrom), water, reference=reference))
    assert (result.status, result.unit, result.threshold) == (status, "1/Å", 15.0)
    rates = {name: max(result.evidence[f"{name}_by_bond"]) for name in ("compression", "stretch")}
    assert {name for name, rate in rates.items() if rate > 15.0} == ({side} if side else set())
    if side == "compression":
        # 2 s / (w² F), from the second derivative of the dent and the wall's force of 20 eV/Å.
        assert result.value == pytest.approx(2.0 * 0.5 / (0.05**2 * 20.0), rel=0.3)
    elif not side:
        assert result.value == pytest.approx(0.0, abs=1e-6)


def record(model, *, energies=None, **changes):
    """One bond whose reference forces change by 3000 eV/Å²; the squares of the model as a ratio."""
    squares = (3000.0 * (LENGTHS - 1.0)) ** 2
    fields = {
        "lengths_angstrom": LENGTHS[None],
        "model_squares": model(LENGTHS)[None] * squares,
        "reference_squares": squares[None],
        "reference_energies_ev": (np.zeros(POINTS) if energies is None else energies)[None],
        "model_refused": np.zeros((1, POINTS), dtype=bool),
    }
    return Record(reference="ase:xtb", bonds=("O1–H2",), **(fields | changes))


def growing(rate):
    return lambda lengths: np.exp(rate * (lengths - 1.0))


def lost(first, last):
    refused = np.zeros((1, POINTS), dtype=bool)
    refused[:, first:last] = True
    return refused


@pytest.mark.parametrize(
    ("changes", "status", "value"),
    [
        ({"model": growing(14.0)}, Status.PASS, 14.0),
        ({"model": growing(16.0)}, Status.FAIL, 16.0),
        # A factor between the forces appears where they exceed 1 eV/Å, over a step of 0.03 Å.
        ({"model": lambda lengths: 1.2 + 0.0 * lengths}, Status.PASS, np.log(1.2) / (0.4 / 14)),
        # Beyond 3 eV on the way out nothing is judged.
        (
            {
                "model": lambda x: np.where(x > 1.5, np.exp(50.0 * (x - 1.5)), 1.0),
                "energies": np.where(LENGTHS > 1.4, HIGHEST_EV + 0.1, 0.0),
            },
            Status.PASS,
            0.0,
        ),
        ({"model": growing(0.0), "model_refused": lost(20, 25)}, Status.PASS, 0.0),
        ({"model": growing(0.0), "model_refused": lost(20, 30)}, Status.INCONCLUSIVE, None),
        ({"model": growing(np.nan)}, Status.FAIL, None),
    ],
)
def test_what_decides(decides, changes, status, value):
    decides(record(**changes), status, ... if value is None else value, absolute=1e-9)


def test_bonds_that_are_alike_are_scanned_once_and_rings_are_left_out():
    ethanol, benzene = load_system("ethanol"), load_system("benzene")
    kinds = [set(ethanol.symbols[atom] for atom in bond) for bond, _ in scanned_bonds(ethanol)]
    # CH3, CH2 and OH; C–C and C–O.
    assert sorted(map(sorted, kinds)) == [["C"], ["C", "H"], ["C", "H"], ["C", "O"], ["H", "O"]]
    ((_, moved),) = scanned_bonds(benzene)
    assert len(moved) == 1
    assert len(set(alike_atoms(benzene.atomic_numbers, bonds=benzene.bonds))) == 2
