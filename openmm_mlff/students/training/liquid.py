"""Frames of liquid water: dynamics of a cheap potential, labelled by the teacher.

The dynamics are those of flexible TIP3P in the first round, and of the student of the round before
in the others, so that the teacher corrects the geometries that the student itself visits. A file
for each trajectory: an interrupted run loses at most one trajectory.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import cast

import numpy as np
import torch
from ase import Atoms, units
from ase.calculators.calculator import Calculator, all_changes
from ase.md.langevin import Langevin
from scipy.spatial.transform import Rotation

from openmm_mlff.storage.run_directory import RunDirectory, write_json
from openmm_mlff.students.checkpoint import load_student
from openmm_mlff.students.evaluation import evaluate_with_list, program_of
from openmm_mlff.students.training.frames import (
    LabelledFrame,
    check_stamp,
    load_frames,
    save_frames,
    stamp_of,
)
from openmm_mlff.students.training.teacher import GFN1, label, teacher_calculator
from openmm_mlff.units import ANGSTROM_PER_NM, FS_PER_PS

WATER_ANGSTROM = np.array([[0.0, 0.0, 0.0], [0.9572, 0.0, 0.0], [-0.24, 0.9266, 0.0]])
"""O, H, H of TIP3P."""

MOLECULE_MASS_G_PER_CM3_ANGSTROM3 = 18.01528 / 0.602214076
TIMESTEP_FS, FRICTION_PER_FS = 0.5, 0.01

HOTTEST = 5.0
"""A trajectory that is hotter than this multiple of its temperature has failed, and ends."""


@dataclass(frozen=True)
class LiquidPlan:
    """Frames of liquid water of one round.

    Attributes:
        boxes: molecules in a box, and frames of each of its trajectories.
        densities_g_per_cm3: of the boxes.
        temperatures_kelvin: of the trajectories.
        trajectories: trajectories, which cycle through temperatures and boxes.
        steps_between: timesteps of 0.5 fs between two frames, and four times as many before the
            first.
        tip3p_steps: timesteps of TIP3P at the start of each trajectory.
        cluster: the largest number of molecules of a cluster; one is cut out of each frame.
    """

    boxes: tuple[tuple[int, int], ...] = ((16, 8), (32, 4), (64, 2))
    densities_g_per_cm3: tuple[float, ...] = (1.0, 0.8, 1.1, 0.9, 1.2)
    temperatures_kelvin: tuple[float, ...] = (300.0, 500.0)
    trajectories: int = 30
    steps_between: int = 200
    tip3p_steps: int = 4000
    cluster: int = 12


def make_liquid_frames(
    folder: Path,
    plan: LiquidPlan,
    *,
    seed: int,
    student: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[LabelledFrame]:
    """Generate the frames of a round, or read those that an earlier run wrote to the folder.

    The dynamics of the student of a checkpoint are labelled, or of flexible TIP3P.
    ``on_progress`` is called with the completed and the total number of trajectories. The settings
    must be those with which the folder was written, but for more trajectories.
    """
    settings = asdict(plan) | {"seed": seed, "method": GFN1}
    del settings["trajectories"]
    if stamp_of(folder).exists():
        check_stamp(folder, settings)
    else:
        RunDirectory.create(folder)
        write_json(stamp_of(folder), settings)
    conditions = list(product(plan.temperatures_kelvin, plan.boxes, plan.densities_g_per_cm3))
    frames: list[LabelledFrame] = []
    for index in range(plan.trajectories):
        path = folder / f"{index:04}.npz"
        if not path.exists():
            kelvin, (n_molecules, count), density = conditions[index % len(conditions)]
            trajectory = partial(
                trajectory_frames,
                plan,
                n_molecules=n_molecules,
                count=count,
                density_g_per_cm3=density,
                temperature_kelvin=kelvin,
                rng=np.random.default_rng([seed, index]),
            )
            # The dynamics of an early student can fail before the first frame.
            save_frames(list(trajectory(student=student)) or list(trajectory(student=None)), path)
        frames += load_frames(path)
        if on_progress:
            on_progress(index + 1, plan.trajectories)
    return frames


def trajectory_frames(
    plan: LiquidPlan,
    *,
    n_molecules: int,
    count: int,
    density_g_per_cm3: float,
    temperature_kelvin: float,
    student: Path | None,
    rng: np.random.Generator,
) -> Iterator[LabelledFrame]:
    """Generate labelled frames of one trajectory, each followed by a cluster cut out of it."""
    atoms = packed_box(n_molecules, density_g_per_cm3=density_g_per_cm3, rng=rng)
    advance = tip3p_dynamics(atoms, temperature_kelvin=temperature_kelvin, rng=rng)
    advance(plan.tip3p_steps)
    if student is not None:
        atoms.calc = StudentCalculator(student)
        advance = Langevin(
            atoms,
            TIMESTEP_FS * units.fs,
            temperature_K=temperature_kelvin,
            friction=FRICTION_PER_FS / units.fs,
            fixcm=False,
            rng=rng,
        ).run
        advance(4 * plan.steps_between)
    condition = f"{density_g_per_cm3:.2f}_{temperature_kelvin:.0f}K"
    for _ in range(count):
        advance(plan.steps_between)
        if not atoms.get_temperature() < HOTTEST * temperature_kelvin:
            return
        size = int(rng.integers(2, plan.cluster + 1))
        named = (
            (f"water_{n_molecules}/liquid_{condition}", atoms.copy()),
            (f"water_cluster/liquid_{temperature_kelvin:.0f}K", cluster_of(atoms, size, rng=rng)),
        )
        for origin, geometry in named:
            geometry.calc = teacher_calculator(method=GFN1)
            yield from label(origin, geometry)


def packed_box(n_molecules: int, *, density_g_per_cm3: float, rng: np.random.Generator) -> Atoms:
    """Return molecules of water at random places of a cubic grid, each at a random angle."""
    width = (n_molecules * MOLECULE_MASS_G_PER_CM3_ANGSTROM3 / density_g_per_cm3) ** (1 / 3)
    per_edge = int(np.ceil(n_molecules ** (1 / 3)))
    places = rng.permutation(per_edge**3)[:n_molecules]
    centres = np.stack(np.unravel_index(places, (per_edge,) * 3), axis=1) * width / per_edge
    angles = rng.normal(size=(n_molecules, 4))
    positions = [
        Rotation.from_quat(angle).apply(WATER_ANGSTROM) + centre
        for angle, centre in zip(angles, centres, strict=True)
    ]
    return Atoms(
        "OHH" * n_molecules, positions=np.concatenate(positions), cell=[width] * 3, pbc=True
    )


def cluster_of(atoms: Atoms, n_molecules: int, *, rng: np.random.Generator) -> Atoms:
    """Return a random molecule of a box of water and its nearest neighbours, without the box."""
    positions = atoms.positions.reshape(-1, 3, 3)
    width = atoms.cell.lengths()
    apart = positions[:, 0] - positions[rng.integers(len(positions)), 0]
    shifts = np.rint(apart / width) * width
    nearest = np.argsort(np.linalg.norm(apart - shifts, axis=1))[:n_molecules]
    placed = (positions - shifts[:, np.newaxis])[nearest].reshape(-1, 3)
    return Atoms("OHH" * len(nearest), positions=placed)


def tip3p_dynamics(
    atoms: Atoms, *, temperature_kelvin: float, rng: np.random.Generator
) -> Callable[[int], None]:
    """Minimise a box of flexible TIP3P, and return a function that runs timesteps of its dynamics.

    The function moves the atoms, which are in the order O, H, H.
    """
    import openmm
    from openmm import app, unit

    cell_nm = np.array(atoms.cell) / ANGSTROM_PER_NM
    topology = app.Topology()
    chain = topology.addChain()
    for _ in range(len(atoms) // 3):
        residue = topology.addResidue("HOH", chain)
        oxygen = topology.addAtom("O", app.element.oxygen, residue)
        for name in ("H1", "H2"):
            topology.addBond(oxygen, topology.addAtom(name, app.element.hydrogen, residue))
    topology.setPeriodicBoxVectors(cell_nm)
    system = app.ForceField("amber14/tip3p.xml").createSystem(
        topology,
        nonbondedMethod=app.PME,
        nonbondedCutoff=0.49 * cell_nm[0, 0],
        rigidWater=False,
    )
    integrator = openmm.LangevinMiddleIntegrator(
        temperature_kelvin, FRICTION_PER_FS * FS_PER_PS, TIMESTEP_FS / FS_PER_PS
    )
    seed = int(rng.integers(1, 2**31))
    integrator.setRandomNumberSeed(seed)
    platform = openmm.Platform.getPlatformByName("CPU")
    settings = {"Threads": "1", "DeterministicForces": "true"}
    context = openmm.Context(system, integrator, platform, settings)
    context.setPositions(atoms.positions / ANGSTROM_PER_NM)
    openmm.LocalEnergyMinimizer.minimize(context, maxIterations=100)
    context.setVelocitiesToTemperature(temperature_kelvin, seed)

    def advance(steps: int) -> None:
        integrator.step(steps)
        state = context.getState(positions=True, velocities=True)
        atoms.positions = state.getPositions(asNumpy=True).value_in_unit(unit.angstrom)
        velocities = state.getVelocities(asNumpy=True).value_in_unit(
            unit.angstrom / unit.femtosecond
        )
        atoms.set_velocities(velocities / units.fs)

    return advance


class StudentCalculator(Calculator):
    """A student in float32 as ASE calculator of a periodic box."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.implemented_properties = ["energy", "forces"]
        self.program = program_of(load_student(path)[0], torch.float32)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute energy and forces; called by ASE."""
        super().calculate(atoms, properties, system_changes)
        box = cast(Atoms, self.atoms)
        energy_ev, forces, _ = evaluate_with_list(
            self.program,
            torch.from_numpy(box.numbers.astype(np.int64)),
            torch.from_numpy(box.positions),
            dtype=torch.float32,
            cell=torch.from_numpy(np.array(box.cell)),
        )
        self.results = {"energy": float(energy_ev), "forces": forces.numpy()}
