import numpy as np
import openmm
import pytest
import torch

from openmm_mlff.errors import PotentialError
from openmm_mlff.potentials.openmmml.fading import faded
from openmm_mlff.potentials.torch_plugin import import_openmmtorch

from ..conftest import particles_with
from .conftest import Springs

POSITIONS_NM = np.array([[0.1, 0.2, 0.3], [0.4, 0.0, -0.2]])


class SpringsInABox(torch.nn.Module):
    """All arguments that a TorchForce may have, and forces of its own."""

    def forward(self, positions, box, stiffness, offset):
        energy = stiffness * (positions**2).sum() + offset * box.diagonal().sum()
        return energy, -2.0 * stiffness * positions


def _springs(state):
    positions = state.getPositions(asNumpy=True)._value
    return (positions**2).sum(), -2.0 * positions


def of_openmm():
    force = openmm.CustomExternalForce("x^2+y^2+z^2")
    for index in range(2):
        force.addParticle(index)
    return force


def torch_force():
    force = import_openmmtorch().TorchForce(torch.jit.script(Springs()))
    force.setProperty("useCUDAGraphs", "true")
    return force


@pytest.fixture
def in_a_box(evaluated):
    def energy_and_forces(force, **parameters):
        system = particles_with([faded(force, "fading")], len(POSITIONS_NM))
        system.setDefaultPeriodicBoxVectors(*np.diag([2.0, 3.0, 4.0]))
        return evaluated(system, POSITIONS_NM, **parameters)

    return energy_and_forces


@pytest.mark.parametrize("platform", ["Reference", "CPU"])
@pytest.mark.parametrize("make", [torch_force, of_openmm, lambda: openmm.PythonForce(_springs)])
def test_energy_and_forces_are_multiplied(make, platform, in_a_box):
    for factor, given in ((1.0, {}), (0.0, {"fading": 0.0}), (0.25, {"fading": 0.25})):
        energy, forces = in_a_box(make(), platform=platform, **given)
        assert energy == pytest.approx(factor * (POSITIONS_NM**2).sum(), rel=1e-5)
        np.testing.assert_allclose(forces, -2.0 * factor * POSITIONS_NM, atol=1e-6)


def test_box_parameters_and_forces_of_a_module_are_kept(in_a_box):
    force = import_openmmtorch().TorchForce(torch.jit.script(SpringsInABox()))
    force.setUsesPeriodicBoundaryConditions(True)
    force.setOutputsForces(True)
    force.addGlobalParameter("stiffness", 3.0)
    force.addGlobalParameter("offset", 5.0)
    energy, forces = in_a_box(force, fading=0.5, offset=7.0)
    assert energy == pytest.approx(0.5 * (3.0 * (POSITIONS_NM**2).sum() + 7.0 * 9.0))
    np.testing.assert_allclose(forces, -3.0 * POSITIONS_NM)


def test_no_cuda_graph_fixes_the_parameter_and_a_force_that_cannot_be_copied_is_refused():
    assert dict(faded(torch_force(), "fading").getProperties())["useCUDAGraphs"] == "false"
    with pytest.raises(PotentialError, match=r"pickled.*mix without interpolation"):
        faded(openmm.PythonForce(lambda state: _springs(state)), "fading")
