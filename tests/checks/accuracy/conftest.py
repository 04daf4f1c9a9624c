"""References that are off, refuse or break, and records of labels."""

from dataclasses import replace

import numpy as np
import pytest
from ase.calculators.calculator import CalculationFailed, Calculator, all_changes

from openmm_mlff.config import GFN2_XTB
from openmm_mlff.potentials import load_potential
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.selftest.faults.plant import added, everywhere, result
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.field import FieldOracle
from openmm_mlff.selftest.oracles.surface import SurfacePotential
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

    implemented_properties = ("energy", "forces")

    def __init__(self, molecule, raised, at, seen) -> None:
        super().__init__()
        self.surface = FieldOracle(molecule, seed=0).surface(molecule.atomic_numbers)
        self.raised, self.at, self.seen = raised, at, seen

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        number = self.seen.setdefault(self.atoms.positions.tobytes(), len(self.seen) + 1)
        if self.at is None or number in self.at:
            raise self.raised
        energies, forces = self.surface(self.atoms.positions[None])
        self.results = {"energy": float(energies[0]), "forces": forces[0]}


class WithTerm(SurfacePotential):
    """GFN2-xTB with a term, a function of positions (G, N, 3), Å, to energies and forces."""

    def __init__(self, molecule, term) -> None:
        super().__init__(name="gfn2-with-term", seed=0)
        self.molecule, self.term, self.teacher = molecule, term, load_potential(GFN2_XTB)

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        def teacher(placed):
            found = self.teacher.evaluate(self.molecule, placed, precision="double")
            return found.energies_ev, found.forces_ev_per_angstrom

        return added(teacher, self.term)


@pytest.fixture
def with_term():
    return WithTerm


@pytest.fixture
def refusing():
    """A reference that refuses some geometries, or all; or raises something else there."""

    def make(molecule, at=None, raised=None):
        raised = raised or CalculationFailed("SCF not\nconverged")
        options = {"molecule": molecule, "raised": raised, "at": at, "seen": {}}
        return AsePotential(Raising, options, spec="ase:test:Raising")

    return make


@pytest.fixture
def scaled():
    """A potential whose energies and forces are a multiple of another's."""
    return everywhere(result(lambda energies, forces, s: (s * energies, s * forces)))


@pytest.fixture
def stretched():
    """A field oracle whose minimum is a molecule stretched in all directions."""

    def make(molecule, factor):
        longer = molecule.with_positions(factor * molecule.positions_angstrom)
        return FieldOracle(longer, seed=0)

    return make


@pytest.fixture
def with_frames(make_subject, make_run):
    """Make a subject of a pair potential with one run of given frames (F, N, 3), evenly spaced."""

    def make(molecule, frames, *, interval_ps=0.01, **changes):
        subject = make_subject(healthy("pair", molecule=molecule, seed=0), molecule, **changes)
        subject._measured["molecule"] = molecule
        run, times_ps = make_run(molecule, duration_ps=0.1), np.arange(1, len(frames) + 1)
        track = replace(
            run.trajectory,
            time_ps=interval_ps * times_ps,
            positions_angstrom=np.array(frames),
        )
        duration = dict.fromkeys(("requested_ps", "completed_ps"), interval_ps * len(frames))
        subject._measured["trajectories"] = (replace(run, trajectory=track, **duration),)
        return subject

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
