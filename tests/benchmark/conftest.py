"""Two small random students, one larger than the other, and a real benchmark of them on water."""

import functools

import pytest
import torch
from ase.calculators.calculator import Calculator, all_changes

from openmm_mlff.benchmark import candidates
from openmm_mlff.benchmark.blocks import Setting, thermal_start
from openmm_mlff.benchmark.memory import measure_memory
from openmm_mlff.benchmark.plan import BenchmarkPlan
from openmm_mlff.benchmark.runner import run_benchmark
from openmm_mlff.molecules import load_system
from openmm_mlff.simulation import named_platform
from openmm_mlff.students.checkpoint import StudentRecord, save_student
from openmm_mlff.students.painn import PaiNN, PaiNNConfig

SIZES = {"large": 16, "small": 8}
SPRING_EV_PER_ANGSTROM2 = 2.0


class CountingSprings(Calculator):
    """Each atom on a spring to the origin, E = k x²/2; counts its evaluations."""

    implemented_properties = ("energy", "forces")

    def __init__(self):
        super().__init__()
        self.seen = []

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        placed = self.atoms.positions.copy()
        self.seen.append(placed)
        energy = 0.5 * SPRING_EV_PER_ANGSTROM2 * (placed**2).sum()
        self.results = {"energy": energy, "forces": -SPRING_EV_PER_ANGSTROM2 * placed}


@pytest.fixture(scope="session")
def specs(tmp_path_factory):
    """Spec strings of two checkpoints."""
    folder = tmp_path_factory.mktemp("students")
    paths = []
    for name, features in SIZES.items():
        torch.manual_seed(features)
        config = PaiNNConfig(features=features, interactions=2, basis=8)
        paths.append(folder / f"{name}.safetensors")
        save_student(PaiNN(config), StudentRecord(name=name, config=config), paths[-1])
    return tuple(str(path) for path in paths)


@pytest.fixture(scope="session")
def short_plan():
    return BenchmarkPlan(
        blocks=3,
        block_seconds=0.01,
        fewest_steps=2,
        most_steps=8,
        memory_steps=4,
        seed=5,
        replicas=(4,),
    )


@pytest.fixture(scope="session")
def water():
    return load_system("water")


@pytest.fixture(scope="session")
def setting(water, short_plan):
    """Water on the Reference platform."""
    return Setting(water, named_platform("Reference"), short_plan)


@pytest.fixture(scope="session")
def start(setting, water):
    return thermal_start(setting, water.positions_angstrom)


@pytest.fixture(scope="session")
def water_benchmark(specs, short_plan):
    """The result of a real run, its progress, and the results after each system."""
    progress, snapshots = [], []

    # Each process takes seconds to start: one is run, and its result serves all.
    @functools.cache
    def measure_once():
        arguments, options = calls[0]
        return measure_memory(*arguments, **options)

    calls = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            candidates,
            "measure_memory",
            lambda *arguments, **options: calls.append((arguments, options)) or measure_once(),
        )
        found = run_benchmark(
            specs,
            ["water"],
            backends=("torchforce", "python"),
            platforms=("Reference",),
            plan=short_plan,
            on_progress=lambda *report: progress.append(report),
            on_system=snapshots.append,
        )
    return found, progress, snapshots
