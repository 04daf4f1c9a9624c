"""OpenMM computes what ASE computes; refusals are left out, exceptions are an ERROR."""

import numpy as np
import pytest
from ase.calculators.calculator import CalculatorError
from ase.calculators.lj import LennardJones

from openmm_mlff.checks.parity.openmm_parity import Record
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.results import Status

DIMER = MolecularSystem(
    "argon dimer", np.array([18, 18]), np.array([[0.0, 0.0, 0.0], [3.8, 0.0, -0.06]])
)


class Refusing(LennardJones):
    """Refuses where the second atom is above the first."""

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        if self.atoms.positions[1, 2] > self.atoms.positions[0, 2]:
            raise CalculatorError("refused")


def of_argon(calculator=LennardJones, *, epsilon_ev=0.01):
    options = {"sigma": 3.4, "epsilon": epsilon_ev, "rc": 12.0}
    return AsePotential(calculator, options, spec="ase:test:LennardJones")


def test_refused_geometries_are_counted_and_left_out(measured, make_subject):
    result = measured(make_subject(of_argon(Refusing), DIMER, probes={"geometries": 20}))
    assert result.status in (Status.PASS, Status.INCONCLUSIVE)
    assert 0 < result.evidence.get("geometries", 1) < 20


def test_the_models_own_calculator_is_what_openmm_is_compared_with(measured, make_subject):
    potential = of_argon()
    potential.own = of_argon(epsilon_ev=0.1)
    assert measured(make_subject(potential, DIMER)).status is Status.FAIL


@pytest.mark.parametrize(
    ("changes", "pairs", "status"),
    [
        ({"force": 1e-7}, 2, Status.FAIL),
        ({"force": 1e-7, "pair": 1}, 2, Status.PASS),
        ({"force": 0.9e-3, "pair": 1}, 2, Status.PASS),
        ({"force": 1.1e-3, "pair": 1}, 2, Status.FAIL),
        ({"energy": 0.11, "pair": 1}, 2, Status.FAIL),
        ({"force": np.nan, "pair": 1}, 2, Status.FAIL),
        ({"refused": 1}, 2, Status.PASS),
        ({"refused": 2}, 2, Status.INCONCLUSIVE),
        ({}, 0, Status.INCONCLUSIVE),
    ],
)
def test_a_single_precision_platform_has_its_own_limit(judge, differences, changes, pairs, status):
    record = Record(
        **differences(**changes, pairs=pairs),
        platforms=("Reference", "OpenCL")[:pairs],
        precisions=("double", "single")[:pairs],
        backends=("", "python")[:pairs],
        single_precision=(False, True)[:pairs],
    )
    assert judge(record).status is status
