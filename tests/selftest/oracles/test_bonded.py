import numpy as np
import pytest

from openmm_mlff.errors import PotentialError
from openmm_mlff.molecules import load_system
from openmm_mlff.selftest.oracles.bonded import BondedOracle


def test_the_atoms_are_built_in(molecules):
    potential = BondedOracle(molecules["water"], seed=0)
    assert not potential.composition_is_free
    with pytest.raises(PotentialError, match="holds H2O, got CH4"):
        potential.create_system(molecules["methane"])
    with pytest.raises(PotentialError, match="expected water, methane or methanol"):
        BondedOracle(load_system("ammonia"), seed=0)


@pytest.mark.parametrize("name", ["water", "methane"])
def test_every_pair_pushed_together_meets_a_wall(molecules, name):
    potential = BondedOracle(molecules[name], seed=1)
    distances = np.linspace(0.3, 0.9, 61)[:, None]
    n_bonds, n_ends = len(potential.bonds), len(potential.ends)
    energies, slopes = potential.radial(np.repeat(distances, n_bonds + n_ends, axis=1))
    lowest, _ = potential.radial(np.array([[0.96] * n_bonds + [1.6] * n_ends]))
    assert (energies[0] - lowest[0] > 5.0).all()
    assert (slopes < 0.0).all()


def test_like_terms_are_alike(molecules):
    potential = BondedOracle(molecules["methane"], seed=7)
    assert len(set(potential.morse.depth_ev.tolist())) == 1
    assert len(set(potential.spring.constant.tolist())) == 1
    assert (len(potential.bonds), len(potential.ends)) == (4, 6)
