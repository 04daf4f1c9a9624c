import numpy as np
import torch

from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.selftest.oracles.network import BoundPaiNN, network_oracle


def test_it_is_a_student_that_is_really_exported(water, distorted):
    potential = network_oracle(seed=0)
    assert isinstance(potential, StudentPotential)
    program = potential.script(water, precision="double")
    assert isinstance(program, torch.jit.ScriptModule)
    assert potential.script(water, precision="double") is program
    assert potential.script(water, precision="single") is not program


def test_the_network_itself_has_a_say(water, distorted):
    positions = distorted(water)
    whole = network_oracle(seed=0).evaluate(water, positions, precision="double")
    mute = network_oracle(seed=0)
    assert isinstance(mute.student.model, BoundPaiNN)
    mute.student.model.painn.readout[-1].weight.zero_()
    without = mute.evaluate(water, positions, precision="double")
    difference = whole.forces_ev_per_angstrom - without.forces_ev_per_angstrom
    assert np.abs(difference).max() > 0.02


def test_random_numbers_elsewhere_are_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    network_oracle(seed=5)
    assert torch.equal(torch.rand(3), expected)
