"""A timestep that is too long for the bonds is to blame for what breaks, not the potential."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.modes import harmonic_modes
from openmm_mlff.config import load_protocol
from openmm_mlff.molecules import load_system
from openmm_mlff.pipeline.judge import judge_run
from openmm_mlff.pipeline.timesteps import fastest_period_fs
from openmm_mlff.results import Status
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.runner import validate_with
from openmm_mlff.storage.run_directory import RunDirectory
from openmm_mlff.storage.shared import Hessian


@pytest.fixture(scope="module")
def run_water(tmp_path_factory, short_protocol):
    """Validate water at 0.5 and at 3 fs, by a healthy potential or with a fault planted."""

    def run(fault=None):
        water = load_system("water")
        potential = healthy("bonded", molecule=water, seed=0)
        if fault:
            planted = get_fault(fault)
            potential = planted.plant(potential, planted.gross)
        protocol = load_protocol(short_protocol)
        dynamics = {
            "timesteps_fs": (0.5, 3.0),
            "temperatures_kelvin": (300.0, 500.0),
            "duration_ps": 1.0,
            "longest_ps": 1.0,
        }
        update = {
            "dynamics": protocol.dynamics.model_copy(update=dynamics),
            "required": ("hessian_symmetry", "stability", "energy_drift", "temperature"),
            "reported": (),
        }
        root = tmp_path_factory.mktemp("run")
        report = validate_with(
            potential,
            water,
            protocol=protocol.model_copy(update=update),
            root=root,
            reference=None,
            platform="Reference",
            precision="double",
            seed=1,
        )
        return report, root

    return run


def at(report, check, timestep_fs):
    return [
        one
        for one in report.checks
        if one.id == check and one.condition.get("timestep_fs") == timestep_fs
    ]


def test_a_healthy_potential_is_judged_at_the_timesteps_that_its_bonds_allow(run_water):
    report, root = run_water()
    _, evidence = judge_run(RunDirectory.open(root))
    stored = evidence["water"].measurements["hessian"].record(Hessian)
    wavenumbers, _ = harmonic_modes(stored.jacobians[0], load_system("water"))
    # A wave of 1 cm⁻¹ has a period of 33,356 fs.
    period_fs = fastest_period_fs(evidence["water"])
    assert period_fs == pytest.approx(33356.4 / wavenumbers[-1], rel=1e-3)
    assert 2.0 * np.pi * 0.5 < period_fs < 2.0 * np.pi * 3.0
    assert {one.status for one in at(report, "stability", 0.5)} == {Status.PASS}
    assert {one.status for one in at(report, "stability", 3.0)} == {Status.NOT_APPLICABLE}
    assert all("too long" in one.message for one in at(report, "stability", 3.0))
    scope = report.verdict.scope
    assert (scope.max_timestep_fs, scope.duration_ps) == (0.5, 1.0)
    assert len(scope.too_long_timesteps) == 2


def test_a_potential_that_breaks_at_every_timestep_is_to_blame(run_water):
    report, _ = run_water("weak bonds")
    assert Status.FAIL in {one.status for one in at(report, "stability", 0.5)}
    assert Status.FAIL in {one.status for one in at(report, "stability", 3.0)}
    assert report.verdict.scope.too_long_timesteps == ()
