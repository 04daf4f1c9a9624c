"""Training data from a teacher: thermal, stretched, crowded and scanned geometries.

Thermal frames cover only the surroundings of the minimum; the others keep the surface realistic
elsewhere: stretched and compressed bonds, short non-bonded distances, pairs of molecules and pairs
of atoms from contact to the cutoff.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.electrons import lowest_multiplicity
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM
from openmm_mlff.students.training.frames import LabelledFrame
from openmm_mlff.students.training.teacher import GFN2, label, teacher_calculator

FLEXIBLE_MOLECULES = ("ethanol", "acetamide", "alanine")
"""Molecules with many conformers: more frames of these refine the largest student."""

DIMER_MOLECULES = ("water", "methane", "ammonia", "methanol")


@dataclass(frozen=True)
class SamplingPlan:
    """Number of geometries of each kind.

    Attributes:
        thermal: frames for each molecule and temperature.
        flexible: further frames for each flexible molecule and temperature, for refinement.
        stretched: frames for each molecule with scaled bonds and random displacements.
        crowded: frames for each molecule with a short non-bonded distance.
        dimers: frames for each pair of small molecules.
        scan: points for each pair of elements.
        torsion_step_degrees: step of rotations about a bond.
        torsion_coarse_above_atoms: molecules with more atoms are rotated in steps twice as wide.
        torsion_copies: displaced frames of each kind for each point of a rotation.
        conformers: further conformers whose bonds are rotated, in steps twice as wide.
        temperatures_kelvin: temperatures of the thermal frames.
        flexible_temperatures_kelvin: temperatures of the further frames.
        steps_between: timesteps of 1 fs between two thermal frames.
        large_above_atoms: molecules with more atoms get a third of the frames; each contains more
            environments, and they dominate the training time.
    """

    thermal: int = 220
    flexible: int = 300
    stretched: int = 120
    crowded: int = 40
    dimers: int = 80
    scan: int = 60
    torsion_step_degrees: float = 15.0
    torsion_coarse_above_atoms: int = 20
    torsion_copies: int = 1
    conformers: int = 8
    temperatures_kelvin: tuple[float, ...] = (300.0, 600.0, 1000.0)
    flexible_temperatures_kelvin: tuple[float, ...] = (300.0, 600.0)
    steps_between: int = 20
    large_above_atoms: int = 15

    def share(self, count: int, molecule: MolecularSystem) -> int:
        """Return `count`, or a third of it for a large molecule."""
        return count // 3 if molecule.n_atoms > self.large_above_atoms else count

    def torsion_step(self, molecule: MolecularSystem) -> float:
        """Return the step of a molecule's rotations, in degrees."""
        coarse = molecule.n_atoms > self.torsion_coarse_above_atoms
        return self.torsion_step_degrees * (2.0 if coarse else 1.0)


QUICK_PLAN = SamplingPlan(
    thermal=10,
    flexible=2,
    stretched=2,
    crowded=1,
    dimers=1,
    scan=4,
    torsion_step_degrees=60.0,
    conformers=1,
    temperatures_kelvin=(300.0,),
    steps_between=4,
)


def thermal_frames(
    molecule: MolecularSystem,
    temperature_kelvin: float,
    count: int,
    *,
    steps_between: int,
    seed: int,
    kind: str = "thermal",
    method: str = GFN2,
) -> Iterator[LabelledFrame]:
    """Generate frames of the teacher's own Langevin dynamics (1 fs, friction 0.02/fs).

    Args:
        molecule: initial structure.
        temperature_kelvin: bath temperature.
        count: number of frames, including those that the teacher refuses.
        steps_between: timesteps between two frames.
        seed: seed of velocities and bath.
        kind: second part of the frames' origin.
        method: of the teacher.

    Yields:
        Labelled frames.
    """
    from ase import units
    from ase.md.langevin import Langevin

    rng = np.random.default_rng(seed)
    atoms = molecule.to_ase()
    atoms.calc = teacher_calculator(
        method=method, charge=molecule.charge, multiplicity=molecule.multiplicity
    )
    # Starting at a minimum, half of the kinetic energy becomes potential energy, hence twice T.
    thermal_ev = units.kB * (2 * temperature_kelvin)
    spread = np.sqrt(atoms.get_masses() * thermal_ev)
    atoms.set_momenta(rng.standard_normal((len(atoms), 3)) * spread[:, np.newaxis])
    dynamics = Langevin(
        atoms,
        1.0 * units.fs,
        temperature_K=temperature_kelvin,
        friction=0.02 / units.fs,
        fixcm=False,
        rng=rng,
    )
    dynamics.run(5 * steps_between)
    origin = f"{molecule.name}/{kind}_{temperature_kelvin:.0f}K"
    for _ in range(count):
        dynamics.run(steps_between)
        frame = label(origin, atoms)
        if frame is not None:
            yield frame


def altered_frames(
    molecule: MolecularSystem,
    kind: str,
    alter: Callable[[MolecularSystem, np.random.Generator], np.ndarray],
    count: int,
    *,
    seed: int,
    method: str = GFN2,
) -> Iterator[LabelledFrame]:
    """Label geometries generated by ``alter`` from a molecule at its minimum.

    ``count`` includes frames that the teacher refuses; ``kind`` is the second part of their origin.

    Yields:
        Labelled frames.
    """
    rng = np.random.default_rng(seed)
    atoms = molecule.to_ase()
    for _ in range(count):
        atoms.positions = alter(molecule, rng)
        atoms.calc = teacher_calculator(
            method=method, charge=molecule.charge, multiplicity=molecule.multiplicity
        )
        frame = label(f"{molecule.name}/{kind}", atoms)
        if frame is not None:
            yield frame


def dimer_frames(
    first: MolecularSystem,
    second: MolecularSystem,
    count: int,
    *,
    seed: int,
    method: str = GFN2,
) -> Iterator[LabelledFrame]:
    """Place two distorted molecules with nearest atoms 1.2 to 6 Å apart, at random angles.

    Both are neutral and closed-shell; ``count`` includes frames that the teacher refuses.

    Yields:
        Labelled frames.
    """
    from scipy.spatial.distance import cdist
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(seed)
    for _ in range(count):
        parts = []
        for molecule in (first, second):
            centred = molecule.positions_angstrom - molecule.positions_angstrom.mean(0)
            turned = Rotation.random(random_state=int(rng.integers(2**31))).apply(centred)
            parts.append(turned + rng.normal(scale=0.05, size=turned.shape))
        axis = rng.normal(size=3)
        axis /= np.linalg.norm(axis)
        target = 1.2 + 4.8 * rng.random() ** 1.5
        distances = np.linspace(10.0, 0.5, 400)
        for distance in distances:
            if cdist(parts[0], parts[1] + distance * axis).min() < target:
                break
        atoms = first.to_ase() + second.to_ase()
        atoms.positions = np.concatenate([parts[0], parts[1] + distance * axis])
        atoms.calc = teacher_calculator(method=method)
        frame = label(f"{first.name}+{second.name}/dimer", atoms)
        if frame is not None:
            yield frame


def pair_scan_frames(
    first: int, second: int, count: int, *, method: str = GFN2
) -> Iterator[LabelledFrame]:
    """Scan two bare atoms from half to 1.6 covalent sums, in their lowest multiplicity.

    At larger distances a single-reference teacher does not describe a dissociating radical pair
    well, and its SCF often fails. ``count`` includes points that the teacher refuses.

    Yields:
        Labelled frames.
    """
    from ase import Atoms

    covalent_sum = COVALENT_RADII_ANGSTROM[first] + COVALENT_RADII_ANGSTROM[second]
    multiplicity = lowest_multiplicity((first, second))
    if (first, second) == (8, 8):
        multiplicity = 3
    for distance in covalent_sum * np.geomspace(0.5, 1.6, count):
        atoms = Atoms(numbers=[first, second], positions=[[0, 0, 0], [distance, 0, 0]])
        atoms.calc = teacher_calculator(method=method, multiplicity=multiplicity)
        frame = label(f"{atoms.get_chemical_formula()}/scan", atoms)
        if frame is not None:
            yield frame


def free_atom_frames(energies_ev: Mapping[int, float]) -> Iterator[LabelledFrame]:
    """Yield one frame without forces for each free atom, from energies by atomic number."""
    for number, energy_ev in energies_ev.items():
        yield LabelledFrame(
            "free/atom", np.array([number]), np.zeros((1, 3)), energy_ev, np.zeros((1, 3))
        )
