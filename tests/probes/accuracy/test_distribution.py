from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.calculator import CalculationFailed

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.probes.accuracy.distribution import probe_distribution
from openmm_mlff.probes.dynamics.kinetic_distribution import probe_kinetic_distribution


@pytest.fixture
def asked(springs, subject, water):
    """Springs at rest, for 0.5 ps."""
    corners = [[0.0, 0.0, 0.0], [1.1, 0.0, 0.0], [0.55, 1.1 * 0.75**0.5, 0.0]]
    found = subject(springs(), molecule=water.with_positions(corners))
    return replace(found, spec=found.spec.model_copy(update={"sampling_ps": 0.5}))


def test_the_reference_is_sampled_as_the_potential_is(springs, asked):
    outcome = probe_distribution(asked, springs())
    own = probe_kinetic_distribution(asked)

    # One potential, one seed: one trajectory.
    for name in ("positions_angstrom", "time_ps"):
        np.testing.assert_allclose(outcome.arrays[name], own.arrays[name], atol=1e-9)
    assert outcome.data["reference"] == "ase:test:Springs"
    assert outcome.data["failure"] == ""
    shared = set(outcome.data) & set(own.data)
    assert {"temperature_kelvin", "timestep_fs", "friction_per_ps", "duration_ps"} <= shared
    assert all(outcome.data[name] == own.data[name] for name in shared)


def test_a_reference_that_refuses_on_the_way_says_so(springs, asked):
    def disturb(calls, energy, forces):
        if calls > 100:
            raise CalculationFailed("SCF not\nconverged")
        return energy, forces

    outcome = probe_distribution(asked, springs(disturb))

    assert "SCF not converged" in outcome.data["failure"]
    assert not outcome.arrays


def test_a_reference_in_which_the_molecule_breaks_says_so(springs, asked):
    # Forces turned round drive the atoms apart.
    outcome = probe_distribution(asked, springs(lambda _calls, energy, forces: (energy, -forces)))

    assert outcome.data["failure"]
    assert not outcome.arrays


def test_one_atom_has_no_distances(springs, asked):
    atom = MolecularSystem("helium", np.array([2]), np.zeros((1, 3)))
    outcome = probe_distribution(replace(asked, molecule=atom), springs())
    assert "no distances" in outcome.skipped
