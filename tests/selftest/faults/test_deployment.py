import numpy as np
import pytest

from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.simulation.platforms import named_platform


@pytest.mark.parametrize(
    ("name", "energies", "forces"),
    [
        ("kcal for kJ", 1.0 / 4.184, 1.0 / 4.184),
        ("Å for nm", 1.0, 0.1),
        ("atoms in another order", None, None),
    ],
)
def test_openmm_runs_another_potential_than_the_model(
    planted, water, distorted, name, energies, forces
):
    faulty, _ = planted(name)
    positions = distorted(water)
    system = faulty.create_system(water)
    found = evaluate_in_openmm(system, water, positions, platform=named_platform("Reference"))
    model = faulty.evaluate(water, positions)
    if energies is None:
        assert np.abs(found.energies_ev / model.energies_ev - 1.0).min() > 0.01
        return
    np.testing.assert_allclose(found.energies_ev, energies * model.energies_ev)
    np.testing.assert_allclose(found.forces_ev_per_angstrom, forces * model.forces_ev_per_angstrom)
