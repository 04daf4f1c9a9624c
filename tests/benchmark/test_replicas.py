import numpy as np
import pytest

from openmm_mlff.benchmark.blocks import Start, openmm_block
from openmm_mlff.benchmark.replicas import replica_participant
from openmm_mlff.potentials import load_potential
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation.replicas import replica_system


def test_replicas_are_warm_and_ready(specs, setting, start):
    found = replica_participant(load_potential(specs[1]), setting, start, count=3)
    assert 2 <= found.steps["replicas"] <= 8
    assert found.blocks["replicas"](2) > 0.0


def test_an_unstable_batch_is_not_timed(specs, setting):
    start = Start(setting.molecule.positions_angstrom, np.full((3, 3), np.nan))
    system = replica_system(load_potential(specs[0]), setting.molecule, 2)
    with pytest.raises(UnstableError, match="not finite"):
        openmm_block(system, setting, start, replicas=2)(2)
