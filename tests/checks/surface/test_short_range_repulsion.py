import numpy as np
import pytest

from openmm_mlff.checks.surface.short_range_repulsion import short_range_repulsion
from openmm_mlff.records import Status

DISTANCES = np.arange(0.3, 0.97, 0.01)


def well(depth_ev=4.8):
    """A Morse curve, repulsive inside."""
    return depth_ev * ((1.0 - np.exp(-2.2 * (DISTANCES - 0.9))) ** 2 - 1.0)


@pytest.fixture
def judge(judged, noise):
    def call(energies, *, refused=0, pairs=("O–H",)):
        mask = np.zeros(len(DISTANCES), dtype=bool)
        mask[:refused] = True
        energies = np.where(mask, np.nan, energies)
        arrays = {
            "distances_angstrom_0": DISTANCES,
            "energies_ev_0": energies,
            "refused_0": mask,
        }
        return judged("short_range_repulsion", data={"pairs": list(pairs)}, arrays=arrays | noise())

    return call


def test_a_wall_passes(judge):
    result = judge(well())
    assert result.status is Status.PASS
    height = well()[0] - well().min()
    assert result.evidence["pairs"][0]["height_ev"] == pytest.approx(height)


def test_a_low_wall_fails(judge):
    result = judge(0.1 * well())
    assert result.status is Status.FAIL
    assert result.value < 5.0
    assert "below the limit of 5 eV" in result.message


def test_a_hole_behind_the_wall_fails(judge):
    energies = well() - 8.0 * np.exp(-(((DISTANCES - 0.5) / 0.05) ** 2))
    result = judge(energies)
    assert result.status is Status.FAIL
    assert result.evidence["pairs"][0]["hole_ev"] > 0.5
    assert "falls behind it (at 0.5" in result.message


def test_an_energy_that_turns_down_at_contact_fails(judge):
    energies = well() - 400.0 * np.maximum(0.4 - DISTANCES, 0.0)
    result = judge(energies)
    assert result.status is Status.FAIL


def test_a_barrier_outside_the_well_fails(judge):
    energies = well() + 0.5 * np.exp(-(((DISTANCES - 0.93) / 0.01) ** 2))
    result = judge(energies)
    assert result.status is Status.FAIL
    assert result.unit == "eV"


def test_attraction_all_the_way_in_fails(judge):
    assert judge(DISTANCES.copy()).status is Status.FAIL


def test_what_is_no_number_fails(judge):
    energies = well()
    energies[7] = np.nan
    assert judge(energies).status is Status.FAIL


def test_many_refusals_leave_it_open(judge):
    assert judge(well(), refused=20).status is Status.INCONCLUSIVE
    # Without the innermost point nobody knows how high the wall is.
    assert judge(well(), refused=2).status is Status.FAIL


def test_no_pair_at_all_leaves_it_open(judge):
    assert judge(well(), pairs=()).status is Status.INCONCLUSIVE


def test_without_a_probe_nothing_is_judged(probe_refusals, water, criteria):
    found = probe_refusals(
        short_range_repulsion,
        system=water,
        name="short_range_repulsion",
        limits=criteria("short_range_repulsion"),
    )
    assert [r.status for r in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
