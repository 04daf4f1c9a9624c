"""Pairs of molecules by GFN2-xTB, and by the same with a term between two of their atoms."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.interaction_energy import FACTORS, Record
from openmm_mlff.molecules import load_system
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.pairs import Gaussian, PairSurface
from openmm_mlff.units import ev_from_kcal_per_mol

OXYGENS = 0, 3


def between_oxygens(height_kcal_per_mol, at_angstrom, width_angstrom):
    """A Gaussian of the distance of the oxygens of the water dimer."""
    height_ev = float(ev_from_kcal_per_mol(height_kcal_per_mol))
    term = Gaussian(height_ev, at_angstrom, width_angstrom)
    return PairSurface(6, np.array([OXYGENS]), term)


# GFN2-xTB binds the dimer by some 5 kcal/mol, with the oxygens 2.8 Å apart.
@pytest.mark.parametrize(
    ("term", "status", "wrong"),
    [
        ((0.0, 2.8, 1.0), Status.PASS, set()),
        ((2.0, 2.8, 1.0), Status.FAIL, {0}),
        ((-4.0, 3.8, 0.3), Status.FAIL, {1}),
    ],
)
def test_the_depth_and_the_place_of_the_minimum_are_compared(
    measured, make_subject, with_term, term, status, wrong
):
    dimer = load_system("water_dimer")
    assert [dimer.atomic_numbers[atom] for atom in OXYGENS] == [8, 8]
    potential = with_term(dimer, between_oxygens(*term))
    result = measured(make_subject(potential, dimer, reference=potential.teacher))
    assert result.status is status
    measures = result.evidence["measures"]
    assert {index for index, one in enumerate(measures) if not one["ok"]} == wrong
    assert -6.0 < min(result.evidence["reference_kcal_per_mol"]) < -4.0
    if wrong == {0}:
        assert result.value == pytest.approx(2.0, abs=0.2)


def test_a_reference_that_refuses_the_dimer_is_named(measured, make_subject, refusing):
    dimer = load_system("water_dimer")
    potential = FieldOracle(dimer, seed=0)
    result = measured(make_subject(potential, dimer, reference=refusing(dimer)))
    assert result.status is Status.INCONCLUSIVE
    assert "refused the dimer" in result.message


WELL = np.array([2.0, -3.0, -5.0, -4.9, -4.4, -3.0, -1.5, -0.5])


def record(model, *, noise=0.0, lost=0, **changes):
    """Energies in kcal/mol, the reference's with a well of 5; the first are refused."""
    refused = np.arange(len(WELL)) < lost
    return Record(
        reference="ase:xtb",
        distances_angstrom=2.0 * FACTORS,
        reference_energies_ev=ev_from_kcal_per_mol(WELL),
        model_energies_ev=ev_from_kcal_per_mol(np.where(refused, np.nan, model)),
        model_refused=refused,
        energy_noise_ev=ev_from_kcal_per_mol(noise),
        **changes,
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"model": WELL + 0.9}, Status.PASS),
        ({"model": WELL - 1.1}, Status.FAIL),
        # Lowest at the neighbour, which the reference puts 0.1 higher, and at one 0.6 higher.
        ({"model": WELL - 0.5 * (np.arange(8) == 3)}, Status.PASS),
        ({"model": WELL - 0.9 * (np.arange(8) == 4)}, Status.FAIL),
        ({"model": WELL + 0.9, "noise": 0.1}, Status.INCONCLUSIVE),
        ({"model": WELL, "lost": 1}, Status.PASS),
        ({"model": WELL, "lost": 2}, Status.INCONCLUSIVE),
        ({"model": WELL + np.nan}, Status.FAIL),
        ({"model": WELL, "reason": "did not relax the dimer"}, Status.INCONCLUSIVE),
    ],
)
def test_what_decides(judge, changes, status):
    assert judge(record(**changes)).status is status
