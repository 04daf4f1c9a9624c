"""Liquid argon at constant pressure, in a fraction of a minute."""

import pytest

from openmm_mlff.molecules import load_system
from openmm_mlff.selftest.oracles.argon import ArgonOracle

LIQUID = {"temperatures_kelvin": (94.4,), "equilibration_timestep_fs": 10.0}
BOX = {"interval_steps": 10, "equilibration_ps": 10.0, "production_ps": 40.0, "ensemble_ps": 20.0}


@pytest.fixture
def liquid(make_subject):
    """A subject of 108 argon atoms; sound unless a potential is given."""

    def make(potential=None, **changes):
        potential = potential or ArgonOracle(seed=0)
        box = BOX | changes.pop("box", {})
        return make_subject(
            potential,
            load_system("argon_108"),
            protocol="liquid",
            dynamics=LIQUID,
            box=box,
            **changes,
        )

    return make
