"""Potentials with a term of a known size, and subjects at a given minimum without dynamics."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.selftest.faults.plant import PlantedPotential, added
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pair import PairOracle
from openmm_mlff.selftest.oracles.pairs import PairSurface, every_pair
from openmm_mlff.storage.measurements import Skipped
from openmm_mlff.storage.shared import Minimum

TRICLINIC = np.array([[9.0, 0.0, 0.0], [2.0, 9.5, 0.0], [-1.5, 3.0, 10.0]])


@pytest.fixture
def subject_at(make_subject):
    """Make a subject at the geometry that the molecule comes with, and at displaced ones."""

    def make(potential, molecule, **changes):
        probes = {"thermal_frames": 2} | changes.pop("probes", {})
        subject = make_subject(potential, molecule, probes=probes, **changes)
        minimum = Minimum(
            positions_angstrom=molecule.positions_angstrom,
            energy_ev=0.0,
            largest_force_ev_per_angstrom=0.0,
        )
        subject.store.write("minimum", minimum)
        subject._measured["trajectories"] = ()
        subject._measured |= dict.fromkeys(
            ("samples", "short_runs"), Skipped("there is no dynamics")
        )
        return subject

    return make


@pytest.fixture
def with_term():
    """Add a term to a sound pair potential: from positions (G, N, 3) to energies and forces."""

    def make(term) -> PlantedPotential:
        return PlantedPotential(
            PairOracle(seed=0),
            1.0,
            everywhere=lambda surface, _numbers, _strength: added(surface, term),
        )

    return make


@pytest.fixture
def with_pairs():
    """Add one radial function to every pair of atoms, or of two elements, of a molecule."""

    def make(molecule, radial, *, elements=None):
        def spoil(surface, atomic_numbers, _):
            pairs = every_pair(len(atomic_numbers))
            if elements is not None:
                found = np.sort(atomic_numbers[pairs], axis=1)
                pairs = pairs[(found == sorted(elements)).all(axis=1)]
            return added(surface, PairSurface(len(atomic_numbers), pairs, radial))

        sound = healthy("pair", molecule=molecule, seed=0)
        return PlantedPotential(sound, 1.0, everywhere=spoil)

    return make


@pytest.fixture
def fixed_composition():
    """Return a potential that has its atoms built in, as a file of OpenMM's own contract has."""

    def make(molecule):
        potential = PlantedPotential(healthy("pair", molecule=molecule, seed=0), 1.0)
        potential.composition_is_free = False
        return potential

    return make


@pytest.fixture(scope="session")
def argon_box() -> MolecularSystem:
    grid = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(-1, 3) / 2.0
    noise = np.random.default_rng(1).normal(scale=0.1, size=(8, 3))
    return MolecularSystem(
        name="argon_8",
        atomic_numbers=np.full(8, 18),
        positions_angstrom=grid @ TRICLINIC + noise,
        cell_angstrom=TRICLINIC,
    )


@pytest.fixture
def lennard_jones():
    def make(calculator=LennardJones) -> AsePotential:
        options = {"epsilon": 0.0103, "sigma": 3.405, "rc": 8.0, "smooth": True, "ro": 6.0}
        return AsePotential(calculator, options, spec="ase:test:LennardJones")

    return make


@pytest.fixture(scope="session")
def copper() -> MolecularSystem:
    """Return 32 atoms of a copper crystal, all joined by bonds."""
    atoms = bulk("Cu", cubic=True) * (2, 2, 2)
    return MolecularSystem(
        "cu32", atoms.numbers, atoms.positions, cell_angstrom=np.array(atoms.cell)
    )


@pytest.fixture
def without_noise() -> dict:
    return {"energy_noise_ev": 1e-7, "force_noise_ev_per_angstrom": 1e-7}
