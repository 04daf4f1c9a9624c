import numpy as np
import pytest

from openmm_mlff.checks.surface.size_extensivity import size_extensivity
from openmm_mlff.records import Status


@pytest.fixture
def judge(judged, noise):
    def call(*, excess_ev=0.0, force=0.0):
        forces = np.zeros((2, 2, 3, 3))
        forces[1, 0, 2, 1] = force
        arrays = {
            "energy_excess_ev": np.array([0.0, excess_ev]),
            "force_changes": forces,
            "refused": np.zeros(2, dtype=bool),
        }
        return judged(
            "size_extensivity", data={"separation_angstrom": 100.0}, arrays=arrays | noise()
        )

    return call


def test_twice_one_molecule_passes(judge):
    assert judge(excess_ev=9e-4, force=-9e-4).status is Status.PASS


@pytest.mark.parametrize(
    ("change", "unit"), [({"excess_ev": -3e-3}, "meV"), ({"force": 3e-3}, "meV/Å")]
)
def test_molecules_that_feel_each_other_at_100_angstrom_fail(judge, change, unit):
    result = judge(**change)
    assert result.status is Status.FAIL
    assert (result.value, result.unit) == (pytest.approx(3.0), unit)
    assert "100 Å apart" in result.message


def test_what_is_no_number_fails(judge):
    assert judge(excess_ev=np.nan).status is Status.FAIL


def test_without_a_probe_nothing_is_judged(probe_refusals, water, criteria):
    found = probe_refusals(
        size_extensivity,
        system=water,
        name="size_extensivity",
        limits=criteria("size_extensivity"),
    )
    assert [r.status for r in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
