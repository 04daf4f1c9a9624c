import numpy as np
import pytest

from openmm_mlff.probes.openmm_calls import evaluate_in_openmm
from openmm_mlff.simulation.platforms import named_platform


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
def test_energies_and_forces_come_in_order_and_in_ev(student, water, platform):
    noise = np.random.default_rng(0).normal(scale=0.05, size=(3, 3, 3))
    positions = water.positions_angstrom + noise
    system = student.create_system(water, precision="double")

    found = evaluate_in_openmm(system, water, positions, platform=named_platform(platform))

    expected = student.evaluate(water, positions, precision="double")
    np.testing.assert_allclose(found.energies_ev, expected.energies_ev, atol=1e-9)
    np.testing.assert_allclose(
        found.forces_ev_per_angstrom, expected.forces_ev_per_angstrom, atol=1e-9
    )
