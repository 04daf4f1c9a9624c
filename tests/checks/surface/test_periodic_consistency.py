import numpy as np
import pytest

from openmm_mlff.checks.surface.periodic_consistency import periodic_consistency
from openmm_mlff.records import Status

MOVES = ["atoms put into other images, 1", "all moved through the box, 1"]


@pytest.fixture
def judge(judged, noise):
    def call(*, energy_ev=0.0, force=0.0, doubled_ev=0.0, virial_ev=0.0, without=()):
        forces = np.zeros((2, 3, 3))
        forces[1, 2, 1] = force
        arrays = {
            "energy_changes_ev": np.array([0.0, energy_ev]),
            "force_changes": forces,
            "refused": np.zeros(2, dtype=bool),
            "doubled_energy_ev": np.array([doubled_ev]),
            "doubled_force_changes": np.zeros((2, 3, 3)),
            "virial_ev": np.full(6, virial_ev),
            "virial_differences_ev": np.zeros(6),
        }
        kept = {name: array for name, array in arrays.items() if name not in without}
        data = {"moves": MOVES, "no_virial": "the potential gives no stress"}
        return judged("periodic_consistency", data=data, arrays=kept | noise())

    return call


def test_the_same_box_in_other_words_passes(judge):
    result = judge(energy_ev=2e-4, force=9e-4, doubled_ev=5e-4, virial_ev=2e-3)
    assert result.status is Status.PASS


@pytest.mark.parametrize(
    ("change", "value", "unit"),
    [
        ({"energy_ev": -3e-3}, 1.0, "meV/atom"),
        ({"force": 3e-3}, 3.0, "meV/Å"),
        ({"doubled_ev": 6e-3}, 1.0, "meV/atom"),
        ({"virial_ev": 6e-3}, 2.0, "meV/atom"),
    ],
)
def test_what_depends_on_the_description_fails(judge, change, value, unit):
    result = judge(**change)
    assert result.status is Status.FAIL
    assert (result.value, result.unit) == (pytest.approx(value), unit)


def test_what_could_not_be_asked_is_said(judge):
    result = judge(without=("doubled_energy_ev", "virial_ev"))
    assert result.status is Status.PASS
    assert "two boxes could not be asked" in result.message
    assert "gives no stress" in result.message


def test_what_is_no_number_fails(judge):
    assert judge(energy_ev=np.nan).status is Status.FAIL
    assert judge(virial_ev=np.nan).status is Status.FAIL


def test_without_a_probe_nothing_is_judged(probe_refusals, water, criteria):
    found = probe_refusals(
        periodic_consistency,
        system=water,
        name="periodic_consistency",
        limits=criteria("periodic_consistency"),
    )
    assert [r.status for r in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
