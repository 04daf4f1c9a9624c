import numpy as np
import pytest

from openmm_mlff.checks.surface.cutoff_continuity import cutoff_continuity
from openmm_mlff.records import Status

SCANS = [
    {"name": "two copies, direction 1", "kind": "dimer"},
    {"name": "O–H", "kind": "pair"},
]


@pytest.fixture
def judge(judged, noise):
    def call(jumps=(), *, spoil=None, refused=0, scans=SCANS):
        """`jumps`: (scan, energy in eV, force in eV/Å, pair)."""
        coordinate = np.linspace(3.0, 15.0, 100)
        arrays = {}
        for k in range(len(scans)):
            mask = np.zeros(100, dtype=bool)
            mask[:refused] = True
            arrays |= {
                f"coordinate_{k}": coordinate,
                f"energies_ev_{k}": np.exp(-coordinate),
                f"force_norm_{k}": np.exp(-coordinate),
                f"refused_{k}": mask,
            }
        if spoil:
            arrays[spoil][40:60] = np.nan
        columns = {
            "jump_scan": np.array([j[0] for j in jumps]),
            "jump_coordinate": np.full(len(jumps), 6.5),
            "jump_energy_ev": np.array([j[1] for j in jumps]),
            "jump_force_ev_per_angstrom": np.array([j[2] for j in jumps]),
            "jump_distance_angstrom": np.array([5.0 if j[3] else np.nan for j in jumps]),
        }
        data = {"scans": scans, "jump_pairs": [j[3] for j in jumps]}
        return judged("cutoff_continuity", data=data, arrays=arrays | columns | noise())

    return call


def test_nothing_that_jumps_passes(judge):
    result = judge()
    assert result.status is Status.PASS
    assert result.value == 0.0
    assert result.evidence["points"] == 100
    assert result.evidence["detection_limit"]["energy_mev"] < 1e-2


def test_jumps_within_the_limits_pass(judge):
    assert judge([(0, 9e-4, 0.04, "O–H")]).status is Status.PASS


def test_a_jump_in_energy_fails_and_names_the_pair_and_the_distance(judge):
    result = judge([(0, 2e-3, 0.0, "O–H"), (0, 0.25, 0.01, "O–O")])
    assert result.status is Status.FAIL
    assert result.value == pytest.approx(250.0)
    assert "a pair O–O at 5.0000 Å" in result.message
    assert [jump["pair"] for jump in result.evidence["jumps"]] == ["O–O", "O–H"]


def test_a_jump_in_force_fails_and_says_where_in_the_scan(judge):
    result = judge([(0, 0.0, 0.2, "")])
    assert result.status is Status.FAIL
    assert (result.value, result.unit) == (pytest.approx(200.0), "meV/Å")
    assert "two copies, direction 1 at 6.5" in result.message


def test_two_atoms_alone_decide_nothing_and_are_told(judge):
    result = judge([(1, 0.18, 0.0, "O–H")])
    assert result.status is Status.PASS
    assert result.evidence["energy_jump_mev_by_pair_alone"] == {"O–H": pytest.approx(180.0)}


@pytest.mark.parametrize("array", ["energies_ev_0", "force_norm_0"])
def test_what_is_no_number_fails_and_says_where(judge, array):
    result = judge(spoil=array)
    assert result.status is Status.FAIL
    assert "20 of 100 points" in result.message
    assert result.value is None


def test_refusals_are_no_failure(judge):
    assert judge(refused=20).status is Status.PASS
    assert judge(refused=21).status is Status.INCONCLUSIVE


def test_nothing_scanned_leaves_it_open(judge):
    assert judge(scans=SCANS[1:]).status is Status.INCONCLUSIVE


def test_without_a_probe_nothing_is_judged(probe_refusals, water, criteria):
    found = probe_refusals(
        cutoff_continuity,
        system=water,
        name="cutoff_continuity",
        limits=criteria("cutoff_continuity"),
    )
    assert [r.status for r in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
