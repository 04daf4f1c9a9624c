"""A sound liquid keeps its density; stale boxes, holes and torn molecules are found."""

from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.npt_stability import CHECK, Record
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials import load_potential
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles.argon import ArgonOracle
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.storage.measurements import Skipped

LIQUID = {"temperatures_kelvin": (94.4,), "equilibration_timestep_fs": 10.0}
SHORT = {"interval_steps": 5, "equilibration_ps": 2.0, "production_ps": 8.0, "ensemble_ps": 20.0}


def sound_record(**changes):
    time_ps = np.linspace(0.1, 50.0, 500)
    noise = np.random.default_rng(1).normal(scale=0.01, size=500)
    record = Record(
        time_ps=time_ps,
        density_g_per_cm3=1.0 + noise,
        acceptance=0.5,
        stale_ev=np.zeros(20),
        bond_change=0.0,
        doubled_ev=0.0,
        scales=np.array([0.5, 1.0, 2.0]),
        scaled_ev=np.array([900.0, 0.0, 1.0]),
        n_atoms=100,
    )
    return replace(record, **changes)


def test_a_sound_liquid_does_not_fail(make_subject, measured):
    potential, argon = ArgonOracle(seed=0), load_system("argon_108")
    liquid = make_subject(potential, argon, protocol="liquid", dynamics=LIQUID, box=SHORT)
    result = measured(liquid)
    assert result.status is not Status.FAIL
    # Eight picoseconds may leave the density undecided.
    undecided = {one["unit"] for one in result.evidence["measures"] if not one["ok"]}
    assert undecided <= {"%"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"density_g_per_cm3": np.linspace(1.0, 0.5, 500)}, Status.FAIL),
        ({"density_g_per_cm3": np.geomspace(1.0, 0.01, 500)}, Status.INCONCLUSIVE),
        (
            {"density_g_per_cm3": np.geomspace(1.0, 0.01, 500), "bond_change": 0.003},
            Status.FAIL,
        ),
        ({"density_g_per_cm3": np.ones(500), "acceptance": 0.0}, Status.FAIL),
        ({"stale_ev": np.full(20, 0.1)}, Status.FAIL),
        ({"bond_change": 0.003}, Status.FAIL),
        ({"doubled_ev": 0.1}, Status.FAIL),
        ({"doubled_ev": np.nan}, Status.PASS),
        ({"scaled_ev": np.array([-200.0, 0.0, 1.0])}, Status.FAIL),
        ({"scaled_ev": np.full(3, np.nan), "stale_ev": np.full(20, np.nan)}, Status.INCONCLUSIVE),
        ({"failure": "atoms met"}, Status.FAIL),
    ],
)
def test_each_limit_decides(judge, change, status):
    assert judge(sound_record(**change), protocol="liquid").status is status


def test_volume_moves_keep_the_bonds_of_water(make_subject):
    water = load_system("water_box_64")
    subject = make_subject(FieldOracle(water, seed=0), water, protocol="liquid")
    assert subject.boxes.bond_change_by_moves(start=water) < 1e-6


def test_a_box_is_compressed_beyond_half_the_cutoff_by_repeating_it(repository, make_subject):
    """A cutoff of 6 Å in a box of 12.4 Å, which OpenMM cannot compress by 4 %."""
    spcfw = load_potential(f"openmm:{repository / 'examples/spcfw.xml'}?cutoff_angstrom=6")
    brief = {"interval_steps": 5, "equilibration_ps": 0.05, "production_ps": 0.1}
    water = load_system("water_box_64")
    subject = make_subject(spcfw, water, protocol="liquid", platform="CPU", box=brief)
    record = CHECK.measure(subject)
    assert np.isfinite(record.scaled_ev).all()
    assert record.scales[0] < 0.75
    # Steeper and steeper, without a step where eight boxes take the place of one.
    compressed = record.scaled_ev[record.scales <= 1.0]
    assert (np.diff(compressed, n=2)[:-1] > 0.0).all()
    assert abs(record.stale_ev).max() < 1e-3


def test_a_box_that_becomes_too_narrow_for_the_cutoff_is_no_fault_of_the_potential(
    repository, make_subject
):
    spcfw = load_potential(f"openmm:{repository / 'examples/spcfw.xml'}?cutoff_angstrom=6")
    water = load_system("water_box_64")
    pressed = {"interval_steps": 1, "pressure_bar": 20000.0, "equilibration_ps": 1.0}
    subject = make_subject(spcfw, water, protocol="liquid", platform="CPU", box=pressed)
    record = CHECK.measure(subject)
    assert isinstance(record, Skipped)
    assert "start from a larger box" in record.reason


def test_a_hole_behind_a_barrier_that_nothing_passes_is_no_fault(make_subject):
    """Copper by effective-medium theory falls by 500 eV/atom, behind 59 eV/atom."""
    emt = load_potential("ase:ase.calculators.emt:EMT")
    brief = {"production_ps": 0.1, "supercell_angstrom": 0.0}
    subject = make_subject(emt, load_system("copper"), protocol="crystal", box=brief)
    record = CHECK.measure(subject)
    assert record.scaled_ev.max() > 5.0 * record.n_atoms
    assert -record.scaled_ev.min() / record.n_atoms < 0.01
