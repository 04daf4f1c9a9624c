import numpy as np
import pytest

from openmm_mlff.checks.surface.net_force_torque import net_force_torque
from openmm_mlff.records import Status


@pytest.fixture
def judge(judged, noise, water):
    def call(forces):
        positions = np.repeat(water.positions_angstrom[None], 2, axis=0)
        arrays = {
            "positions_angstrom": positions,
            "forces": np.stack([np.zeros((3, 3)), forces]),
            "refused": np.zeros(2, dtype=bool),
        }
        return judged("net_force_torque", arrays=arrays | noise())

    return call


def central_forces(positions):
    """Forces along the line between two atoms cancel, and so do their torques."""
    forces = np.zeros((3, 3))
    forces[1] = 2.0 * (positions[1] - positions[2])
    forces[2] = -forces[1]
    return forces


def test_forces_along_the_line_between_atoms_pass(judge, water):
    assert judge(central_forces(water.positions_angstrom)).status is Status.PASS


def test_a_push_fails(judge, water):
    forces = central_forces(water.positions_angstrom)
    forces += [0.0, 0.0, 2e-3]
    result = judge(forces)
    assert result.status is Status.FAIL
    assert result.evidence["net_force_mev_per_angstrom_by_geometry"][1] == pytest.approx(2.0)


def test_a_couple_fails_by_its_torque(judge, water):
    # Two opposite forces of 2 meV/Å across the line between the hydrogens.
    apart = water.positions_angstrom[1] - water.positions_angstrom[2]
    across = np.cross(apart, [0.3, 0.5, 0.8])
    across *= 2e-3 / np.linalg.norm(across)
    result = judge(np.stack([np.zeros(3), across, -across]))
    assert result.status is Status.FAIL
    assert result.unit == "meV"
    assert result.value == pytest.approx(2.0 * np.linalg.norm(apart), rel=1e-6)


def test_what_is_no_number_fails(judge):
    assert judge(np.full((3, 3), np.nan)).status is Status.FAIL


def test_without_a_probe_nothing_is_judged(probe_refusals, water, criteria):
    found = probe_refusals(
        net_force_torque,
        system=water,
        name="net_force_torque",
        limits=criteria("net_force_torque"),
    )
    assert [r.status for r in found] == [Status.SKIPPED, Status.SKIPPED, Status.ERROR]
