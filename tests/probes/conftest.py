"""A small student under the probes, and calculators with planted faults."""

from collections.abc import Callable

import numpy as np
import openmm
import pytest
import torch
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.config import ProbeSpec
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.potentials import Potential
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.probes import ProbeSubject
from openmm_mlff.simulation import TrajectoryJob, run_trajectory
from openmm_mlff.simulation.platforms import PlatformChoice, named_platform
from openmm_mlff.students.checkpoint import StudentRecord, save_student
from openmm_mlff.students.painn import PaiNN, PaiNNConfig

SPEC = ProbeSpec(
    geometries=3, distortion_angstrom=0.05, repeats=3, parity_steps=50, reference_frames=2
)


class Springs(Calculator):
    """Every pair of atoms on a spring; `disturb` may alter what is given."""

    def __init__(self, disturb: Callable[[int, float, np.ndarray], tuple] | None = None) -> None:
        super().__init__()
        self.implemented_properties = ["energy", "forces"]
        self.disturb = disturb
        self.calls = 0

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        difference = self.atoms.positions[:, None] - self.atoms.positions
        distance = np.linalg.norm(difference, axis=-1) + np.eye(len(self.atoms))
        stretch = (distance - 1.1) * (1 - np.eye(len(self.atoms)))
        energy = 0.25 * 20.0 * float((stretch**2).sum())
        forces = -20.0 * (difference * (stretch / distance)[..., None]).sum(axis=1)
        self.calls += 1
        if self.disturb:
            energy, forces = self.disturb(self.calls, energy, forces)
        self.results = {"energy": energy, "forces": forces}


@pytest.fixture(scope="session")
def water():
    return load_system("water")


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory):
    """A PaiNN with random weights that knows H, C, N and O."""
    torch.manual_seed(31)
    config = PaiNNConfig(features=8, interactions=2, basis=6)
    path = tmp_path_factory.mktemp("checkpoint") / "small.safetensors"
    save_student(PaiNN(config), StudentRecord(name="small", config=config), path)
    return path


@pytest.fixture
def student(small_checkpoint) -> StudentPotential:
    return StudentPotential.from_file(small_checkpoint)


@pytest.fixture
def springs() -> Callable[..., AsePotential]:
    """Make a potential of springs, sound or with a planted fault."""

    def make(disturb=None) -> AsePotential:
        options = {"disturb": disturb} if disturb else {}
        return AsePotential(Springs, options, spec="ase:test:Springs")

    return make


@pytest.fixture(scope="session")
def resting_water(water):
    """Water where all springs are at rest: an equilateral triangle of 1.1 Å."""
    side = 1.1
    corners = [[0.0, 0.0, 0.0], [side, 0.0, 0.0], [side / 2, side * np.sqrt(0.75), 0.0]]
    return water.with_positions(np.array(corners))


@pytest.fixture(scope="session")
def one_atom():
    return MolecularSystem(
        name="argon", atomic_numbers=np.array([18]), positions_angstrom=np.zeros((1, 3))
    )


@pytest.fixture
def run_folder(springs, resting_water, tmp_path):
    """A run of the springs at constant energy that came to its end."""
    job = TrajectoryJob(
        temperature_kelvin=300.0,
        timestep_fs=0.5,
        duration_ps=0.05,
        equilibration_ps=0.2,
        equilibration_timestep_fs=0.5,
        friction_per_ps=10.0,
        energy_interval_steps=10,
        frame_interval_steps=10,
        seed=5,
    )
    run_trajectory(
        springs().create_system(resting_water, precision="double"),
        resting_water,
        job,
        tmp_path / "run",
        platform=named_platform("Reference"),
        start_positions_angstrom=resting_water.positions_angstrom,
    )
    return tmp_path / "run"


@pytest.fixture
def subject(water) -> Callable[..., ProbeSubject]:
    """Put a potential under the probes."""

    def make(
        potential: Potential,
        *,
        precision: str = "double",
        platform: PlatformChoice | None = None,
        molecule=water,
    ) -> ProbeSubject:
        return ProbeSubject(
            potential=potential,
            molecule=molecule,
            platform=platform or named_platform("Reference"),
            precision=precision,
            spec=SPEC,
            seed=7,
        )

    return make


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
