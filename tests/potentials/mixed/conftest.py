"""Ethanol in water: the whole box, and a droplet of it without one."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from openmm import app

from openmm_mlff.measuring.selection import select_atoms
from openmm_mlff.molecules import MolecularSystem, load_system, systems_root
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.engine import Engine
from openmm_mlff.potentials.mixed import (
    MixedPotential,
    MixedSettings,
    load_prepared,
    prepared_molecule,
    read_topology,
)
from openmm_mlff.potentials.mixed.structure import particle_numbers

from .. import conftest as potentials

FOLDER = systems_root() / "ethanol_in_water"
FORCEFIELD = (str(FOLDER / "ethanol.xml"), "amber14/tip3p.xml")
ETHANOL = np.arange(9)


def part_of(topology: app.Topology, atoms) -> app.Topology:
    """The topology of some atoms, in its order and without a box."""
    modeller = app.Modeller(topology, np.zeros((topology.getNumAtoms(), 3)))
    kept = {int(index) for index in atoms}
    modeller.delete([atom for atom in modeller.topology.atoms() if atom.index not in kept])
    modeller.topology.setPeriodicBoxVectors(None)
    return modeller.topology


def prepared_mixed(files, coordinates, part, *, student="ultra-tiny", **settings):
    """The mixed potential of a System that a program prepared, and its molecule."""
    prepared = load_prepared([str(file) for file in files], structure=coordinates)
    potential = MixedPotential(
        load_potential(f"student:{student}"),
        prepared.topology,
        ml_atoms=select_atoms(prepared.topology, part),
        forcefield=prepared,
        settings=MixedSettings(**settings),
    )
    return potential, prepared_molecule(prepared, coordinates)


evaluated = partial(potentials.evaluated, precision="double")


def parts_of(potential, molecule):
    """Energy and forces of the force field, of it within the ML part, and of the ML potential."""
    whole, inside = (
        Engine(system, precision="double").evaluate(molecule.positions_angstrom)
        for system in (potential.mm_system(molecule), potential.mm_system_of_part(molecule))
    )
    return whole, inside, evaluated(potential.ml_potential, potential.ml_part(molecule))


def slopes(potential, molecule, atoms, *, step_angstrom=1e-3) -> np.ndarray:
    """Forces on some atoms, (A, 3), eV/Å, by central differences of the energy."""
    moved = np.repeat(molecule.positions_angstrom[None], 6 * len(atoms), axis=0)
    moves = [(atom, axis, sign) for atom in atoms for axis in range(3) for sign in (1, -1)]
    for geometry, (atom, axis, sign) in zip(moved, moves, strict=True):
        geometry[atom, axis] += sign * step_angstrom
    energies = potential.evaluate(molecule, moved, precision="double").energies_ev
    return ((energies[1::2] - energies[::2]) / (2 * step_angstrom)).reshape(-1, 3)


@pytest.fixture(scope="session")
def box() -> MolecularSystem:
    return load_system("ethanol_in_water")


@pytest.fixture(scope="session")
def box_topology():
    return read_topology(FOLDER / "structure.pdb")


@pytest.fixture(scope="session")
def droplet_atoms(box) -> np.ndarray:
    """Ethanol and the four waters nearest to its oxygen."""
    oxygens = np.flatnonzero(box.atomic_numbers == 8)[1:]
    away = np.linalg.norm(box.positions_angstrom[oxygens] - box.positions_angstrom[2], axis=1)
    waters = np.sort(oxygens[np.argsort(away)[:4]])
    return np.concatenate([ETHANOL, (waters[:, None] + np.arange(3)).ravel()])


@pytest.fixture(scope="session")
def droplet_topology(box_topology, droplet_atoms):
    return part_of(box_topology, droplet_atoms)


@pytest.fixture(scope="session")
def droplet(box, droplet_topology, droplet_atoms) -> MolecularSystem:
    return MolecularSystem(
        name="droplet",
        atomic_numbers=particle_numbers(droplet_topology),
        positions_angstrom=box.positions_angstrom[droplet_atoms],
    )


@pytest.fixture(scope="session")
def mixed(droplet_topology) -> Callable[..., MixedPotential]:
    """Make a mixed potential with a shipped student on ethanol."""

    def make(topology=droplet_topology, **changes) -> MixedPotential:
        given = {"ml_atoms": ETHANOL, "forcefield": FORCEFIELD, **changes}
        return MixedPotential(load_potential("student:ultra-tiny"), topology, **given)

    return make


@pytest.fixture(scope="session")
def in_droplet(mixed) -> MixedPotential:
    """The mixed potential of the droplet; it is shared, so it must not be changed."""
    return mixed()
