"""A small student in a checkpoint, and where CUDA is."""

from pathlib import Path

import openmm
import pytest
import torch

from openmm_mlff import units
from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.students.checkpoint import StudentRecord, save_student
from openmm_mlff.students.painn import PaiNN, PaiNNConfig


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory) -> Path:
    """A PaiNN with random weights that knows H, C, N and O."""
    torch.manual_seed(21)
    config = PaiNNConfig(features=8, interactions=2, basis=6)
    model = PaiNN(config)
    with torch.no_grad():
        model.reference_energies.copy_(
            torch.tensor([-10.7, -48.8, -71.0, -102.6], dtype=torch.float64)
        )
    path = tmp_path_factory.mktemp("checkpoint") / "small.safetensors"
    save_student(model, StudentRecord(name="small", config=config), path)
    return path


@pytest.fixture
def small_potential(small_checkpoint) -> StudentPotential:
    return StudentPotential.from_file(small_checkpoint)


@pytest.fixture(scope="session")
def water():
    return load_system("water")


@pytest.fixture(scope="session")
def methanol():
    return load_system("methanol")


def context_of(system, positions_angstrom, *, platform="Reference", properties=None, step_fs=1.0):
    """A Context at positions; constraints are not applied."""
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(0.001 * step_fs),
        openmm.Platform.getPlatformByName(platform),
        properties or {},
    )
    context.setPositions(units.nm_from_angstrom(positions_angstrom))
    return context


def particles_with(forces, n_particles: int) -> openmm.System:
    """A System of particles of 1 amu with forces."""
    system = openmm.System()
    for _ in range(n_particles):
        system.addParticle(1.0)
    for force in forces:
        system.addForce(force)
    return system


def energy_and_forces(system, positions_angstrom, **options):
    """Return eV and eV/Å, in a Context with options."""
    context = context_of(system, positions_angstrom, **options)
    # TorchScript computes its first calls on another graph.
    for _ in range(4):
        state = context.getState(energy=True, forces=True)
    return (
        units.ev_from_kj_per_mol(state.getPotentialEnergy()._value),
        units.ev_per_angstrom_from_kj_per_mol_nm(state.getForces(asNumpy=True)._value),
    )


def evaluated(potential, molecule, positions=None, *, precision="mixed"):
    """Energy, eV, and forces, (N, 3), eV/Å, at the molecule's positions or at others."""
    if positions is None:
        positions = molecule.positions_angstrom
    found = potential.evaluate(molecule, positions[None], precision=precision)
    return found.energies_ev[0], found.forces_ev_per_angstrom[0]


@pytest.fixture(scope="session")
def in_openmm():
    """Energy, eV, and forces, (N, 3), eV/Å, of a System at positions, by OpenMM."""
    return energy_and_forces


@pytest.fixture(scope="session")
def cuda() -> str:
    """The name of OpenMM's CUDA platform, where a device is there for it and for torch."""
    platforms = [
        openmm.Platform.getPlatform(index).getName()
        for index in range(openmm.Platform.getNumPlatforms())
    ]
    if not torch.cuda.is_available() or "CUDA" not in platforms:
        pytest.skip("there is no CUDA device, or OpenMM has no CUDA platform")
    return "CUDA"
