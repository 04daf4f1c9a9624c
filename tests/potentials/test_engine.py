import numpy as np
import openmm
import pytest

from openmm_mlff.errors import EvaluationRefusedError
from openmm_mlff.potentials.engine import Engine
from openmm_mlff.units import KJ_PER_MOL_PER_EV


@pytest.fixture
def pair():
    """Two atoms on a spring of 1000 kJ/mol/nm², 0.1 nm long at rest, and constrained."""
    system = openmm.System()
    system.addParticle(1.0)
    system.addParticle(1.0)
    system.addConstraint(0, 1, 0.1)
    bond = openmm.HarmonicBondForce()
    bond.addBond(0, 1, 0.1, 1000.0)
    system.addForce(bond)
    return system


@pytest.mark.parametrize("precision", ["double", "mixed"])
def test_energy_and_forces_are_in_ev_and_angstrom(pair, precision):
    energy_ev, forces = Engine(pair, precision=precision).evaluate(
        np.array([[0.0, 0.0, 0.0], [1.5, 0.0, 0.0]])
    )
    # 1000/2 · 0.05² kJ/mol, and 1000 · 0.05 kJ/mol/nm; the constraint moves nothing.
    assert energy_ev == pytest.approx(1.25 / KJ_PER_MOL_PER_EV, rel=1e-6)
    pull = 50.0 / (10.0 * KJ_PER_MOL_PER_EV)
    np.testing.assert_allclose(forces, [[pull, 0, 0], [-pull, 0, 0]], rtol=1e-6)


def test_an_error_of_openmm_is_a_refusal_and_lost_positions_have_no_energy(pair):
    bad = openmm.CustomExternalForce("x")
    bad.addParticle(0)
    pair.addForce(bad)
    engine = Engine(pair, precision="double")
    with pytest.raises(EvaluationRefusedError):
        engine.evaluate(np.zeros((3, 3)))
    energy_ev, _ = engine.evaluate(np.array([[0.0, 0.0, 0.0], [np.nan, 0.0, 0.0]]))
    assert np.isnan(energy_ev)
