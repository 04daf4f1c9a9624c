from dataclasses import replace

import numpy as np
import openmm
import pytest

from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.probes.dynamics.time_reversibility import probe_time_reversibility


@pytest.fixture
def reversed_by(subject, resting_water, run_folder):
    """Largest distance of an atom from its start, on its way and at its end."""

    def run(potential, **changes):
        asked = replace(subject(potential, molecule=resting_water), run_folder=run_folder)
        asked = replace(asked, **changes)
        outcome = probe_time_reversibility(
            replace(asked, spec=asked.spec.model_copy(update={"reversal_steps": 200}))
        )
        start = outcome.arrays["start_positions_angstrom"]
        far = outcome.arrays["far_positions_angstrom"]
        back = outcome.arrays["back_positions_angstrom"]
        distances = [np.linalg.norm(there - start, axis=1).max() for there in (far, back)]
        return outcome, *distances

    return run


@pytest.mark.parametrize("timestep_fs", [0.25, 1.0])
def test_springs_come_back_to_the_last_digits(reversed_by, springs, timestep_fs):
    outcome, far, back = reversed_by(springs(), timestep_fs=timestep_fs)
    assert outcome.data == {
        "dtype": "float64",
        "steps": 200,
        "timestep_fs": timestep_fs,
        "failure": "",
    }
    assert far > 0.01
    assert back < 1e-9


def test_forces_that_remember_do_not_come_back(reversed_by, springs):
    def tired(calls, energy, forces):
        return energy, forces * (1.0 - 1e-4 * calls)

    _, _, back = reversed_by(springs(tired))
    assert back > 1e-3


def test_a_thermostat_left_on_does_not_come_back(reversed_by, springs):
    class Thermostatted(AsePotential):
        def create_system(self, molecule, *, precision="mixed"):
            system = super().create_system(molecule, precision=precision)
            system.addForce(openmm.AndersenThermostat(300.0, 100.0))
            return system

    sound = springs()
    _, _, back = reversed_by(
        Thermostatted(sound.calculator_class, {}, spec="ase:test:Thermostatted")
    )
    assert back > 1e-2


def test_a_run_that_breaks_never_comes_back(reversed_by, springs):
    def broken(calls, energy, forces):
        return energy, forces * (np.nan if calls > 100 else 1.0)

    _, _, back = reversed_by(springs(broken))
    assert np.isnan(back)


def test_without_a_run_it_is_skipped_and_required(subject, springs):
    outcome = probe_time_reversibility(subject(springs()))
    assert "no run at constant energy came to its end" in outcome.skipped
    assert "applicable" not in outcome.data


def test_a_single_atom_is_not_asked(subject, springs, one_atom):
    asked = replace(subject(springs()), molecule=one_atom)
    assert probe_time_reversibility(asked).data == {"applicable": False}
