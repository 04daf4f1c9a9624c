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


def test_other_molecules_have_no_parameters():
    with pytest.raises(PotentialError, match="expected water, methane or methanol"):
        BondedOracle(load_system("ammonia"), seed=0)


def test_every_pair_pushed_together_meets_a_wall(molecules):
    for molecule in molecules.values():
        potential = BondedOracle(molecule, seed=1)
        distances = np.linspace(0.3, 0.9, 61)[:, None]
        n_pairs = len(potential.bonds) + len(potential.ends)
        energies, slopes = potential.radial(np.repeat(distances, n_pairs, axis=1))
        lowest, _ = potential.radial(
            np.array([[0.96] * len(potential.bonds) + [1.6] * len(potential.ends)])
        )
        assert (energies[0] - lowest[0] > 5.0).all()
        assert (slopes < 0.0).all()


def test_like_terms_are_alike(molecules):
    potential = BondedOracle(molecules["methane"], seed=7)
    assert len(set(potential.morse.depth_ev.tolist())) == 1
    assert len(set(potential.spring.tolist())) == 1
    assert len(potential.bonds) == 4
    assert len(potential.ends) == 6
