"""References that are off, refuse or break, labelled frames, and records of labels."""

import numpy as np
import pytest
from ase.calculators.calculator import CalculationFailed, Calculator, all_changes

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.potentials.frames import Frame, LabelledFrames
from openmm_mlff.selftest.faults.plant import PlantedPotential
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.storage.shared import Labels


class Raising(Calculator):
    """A field oracle as an ASE calculator that raises at some geometries.

    Args:
        molecule: what is built in.
        raised: what is raised.
        at: numbers of the geometries, from 1 in the order in which they are first evaluated; None
            for all.
        seen: the numbers given so far; shared by all calculators of one potential.
    """

    def __init__(self, molecule, raised, at, seen) -> None:
        super().__init__()
        self.implemented_properties = ["energy", "forces"]
        self.surface = FieldOracle(molecule, seed=0).surface(molecule.atomic_numbers)
        self.raised, self.at, self.seen = raised, at, seen

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        number = self.seen.setdefault(self.atoms.positions.tobytes(), len(self.seen) + 1)
        if self.at is None or number in self.at:
            raise self.raised
        energies, forces = self.surface(self.atoms.positions[None])
        self.results = {"energy": float(energies[0]), "forces": forces[0]}


@pytest.fixture
def refusing():
    """A reference that refuses some geometries, or all."""

    def make(molecule, at=None, raised=None):
        raised = raised or CalculationFailed("SCF not\nconverged")
        options = {"molecule": molecule, "raised": raised, "at": at, "seen": {}}
        return AsePotential(Raising, options, spec="ase:test:Raising")

    return make


@pytest.fixture
def broken(refusing):
    """A reference with a bug."""
    return lambda molecule: refusing(molecule, raised=RuntimeError("a bug"))


@pytest.fixture
def scaled():
    """A potential whose energies and forces are a multiple of another's."""

    def make(potential, factor):
        def spoil(surface, _numbers, strength):
            return lambda positions: tuple(strength * values for values in surface(positions))

        return PlantedPotential(potential, factor, everywhere=spoil)

    return make


@pytest.fixture
def stretched():
    """A field oracle whose minimum is a molecule stretched in all directions."""

    def make(molecule, factor):
        longer = molecule.with_positions(factor * molecule.positions_angstrom)
        return FieldOracle(longer, seed=0)

    return make


@pytest.fixture
def carbon_dioxide():
    positions = np.array([[0.0, 0.0, -1.16], [0.0, 0.0, 0.0], [0.0, 0.0, 1.16]])
    return MolecularSystem("carbon dioxide", np.array([8, 6, 8]), positions)


@pytest.fixture
def helium():
    return MolecularSystem("helium", np.array([2]), np.zeros((1, 3)))


@pytest.fixture
def make_frames():
    """Displaced geometries of a molecule, labelled by a potential."""

    def make(molecule, potential, *, count=8):
        noise = np.random.default_rng(4).normal(scale=0.05, size=(count, molecule.n_atoms, 3))
        positions = molecule.positions_angstrom + noise
        found = potential.evaluate(molecule, positions)
        frames = tuple(
            Frame(index, molecule.atomic_numbers, placed, energy_ev, forces)
            for index, (placed, energy_ev, forces) in enumerate(
                zip(positions, found.energies_ev, found.forces_ev_per_angstrom, strict=True)
            )
        )
        return LabelledFrames("labels.extxyz", "labels", "0" * 64, frames)

    return make


@pytest.fixture
def make_labels(water):
    """A record of labels of water; both agree unless a test says otherwise."""

    def make(*, frames=100, requested=None, **arrays):
        rng = np.random.default_rng(1)
        forces, energies_ev = rng.normal(size=(frames, 3, 3)), rng.normal(size=frames)
        fields = {
            "reference_forces": forces,
            "model_forces": forces.copy(),
            "reference_energies_ev": energies_ev,
            "model_energies_ev": energies_ev.copy(),
            "positions_angstrom": np.zeros((frames, 3, 3)),
            "time_ps": np.arange(frames) * 0.01,
        }
        requested = frames if requested is None else requested
        return Labels(
            reference="ase:xtb",
            run="nve_300K_0.5fs_r0",
            frames_of="its own trajectory",
            symbols=water.symbols,
            requested=requested,
            refused=requested - frames,
            **(fields | arrays),
        )

    return make
