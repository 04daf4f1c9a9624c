import numpy as np
import pytest

from openmm_mlff.benchmark.blocks import Start, replica_block
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.runner import run_benchmark
from openmm_mlff.errors import ConfigError
from openmm_mlff.potentials import load_potential
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation import named_platform
from openmm_mlff.simulation.replicas import replica_system

PLAN = BenchmarkPlan(
    blocks=1, block_seconds=0.01, fewest_steps=2, most_steps=4, memory_steps=2, replicas=(2,)
)


@pytest.mark.parametrize("counts", [(1,), (0, 4), (4, 4)])
def test_numbers_of_replicas_that_make_no_sense_are_refused(counts):
    with pytest.raises(ConfigError, match="replicas"):
        BenchmarkPlan(replicas=counts)


def test_what_is_no_batch_is_left_out_with_its_reason(water):
    found = run_benchmark(
        ["ase:ase.calculators.emt:EMT"],
        ["water"],
        platforms=("Reference",),
        peers=("none",),
        plan=PLAN,
    )
    assert found["replicas"] == []
    assert "gain nothing" in found["skipped"][0]["reason"]


def test_a_batch_that_loses_its_atoms_is_not_timed(specs, water):
    potential = load_potential(specs[0])
    start = Start(water.positions_angstrom, np.full((3, 3), np.nan))
    block = replica_block(
        replica_system(potential, water, 2),
        water,
        count=2,
        platform=named_platform("Reference"),
        start=start,
        timestep_fs=0.5,
    )
    with pytest.raises(UnstableError, match="not numbers"):
        block(2)
