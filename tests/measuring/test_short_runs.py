"""Short runs at constant energy, on molecules whose motion is known."""

import numpy as np
import pytest

from openmm_mlff.checks.dynamics.temperature import compare_mean
from openmm_mlff.measuring import short_runs
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import load_potential
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.selftest.oracles.pairs import PairSurface
from openmm_mlff.selftest.oracles.surface import SurfacePotential
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_AMU_ANGSTROM2_PER_PS2

STIFFNESS, LENGTH = 140.0, 1.1


class Spring(SurfacePotential):
    """Two atoms on a spring, eV/Å² and Å."""

    composition_is_free = False

    def surface(self, atomic_numbers, *, cell_angstrom=None):
        def radial(distances):
            stretch = distances - LENGTH
            return 0.5 * STIFFNESS * stretch**2, STIFFNESS * stretch

        return PairSurface(2, np.array([[0, 1]]), radial)


@pytest.fixture
def make_subject(new_subject, water):
    def make(potential=None, molecule=water, *, seed=1, **probes):
        potential = potential or healthy("bonded", molecule=molecule, seed=0)
        few = {"sampling_ps": 0.4, "ensemble_ps": 0.05, "ensemble_runs": 4, **probes}
        return new_subject(potential, molecule, probes=few, seed=seed)

    return make


def test_each_run_has_the_temperature_of_the_energy_of_its_start(make_subject):
    along = np.outer([0.0, LENGTH], [0.0, 0.6, 0.8])
    nitrogen = MolecularSystem("nitrogen", np.array([7, 7]), along)
    subject = make_subject(Spring(name="spring", seed=0), nitrogen, ensemble_ps=0.2)
    found = subject.short_runs
    assert (found.degrees_of_freedom, found.failure) == (1, "")
    energies_ev = []
    for start in subject.experiments.langevin_starts(4):
        apart = start.positions_angstrom[1] - start.positions_angstrom[0]
        distance = np.linalg.norm(apart)
        moving = start.velocities_angstrom_per_ps[1] - start.velocities_angstrom_per_ps[0]
        squared = nitrogen.masses_amu[0] / 2.0 * (moving @ apart / distance) ** 2
        kinetic_ev = 0.5 * EV_PER_AMU_ANGSTROM2_PER_PS2 * squared
        energies_ev.append(0.5 * STIFFNESS * (distance - LENGTH) ** 2 + kinetic_ev)
    # Half of an oscillator's energy is kinetic: ½ k T = ½ E.
    expected = np.array(energies_ev) / BOLTZMANN_EV_PER_KELVIN
    np.testing.assert_allclose(found.temperatures_kelvin[:4], expected, rtol=0.04)
    # The bond is 14.3 fs a period; in 0.2 ps it has been everywhere between its turning points.
    assert found.positions_angstrom.shape[1:] == (25, 2, 3)
    lengths = np.linalg.norm(np.diff(found.positions_angstrom, axis=2)[:, :, 0], axis=-1)
    assert np.abs(lengths - LENGTH).max() <= 1.05 * np.sqrt(2.0 * max(energies_ev) / STIFFNESS)


@pytest.mark.parametrize(("error", "runs"), [(0.05, 4), (0.5, 2)])
def test_as_many_runs_as_their_error_asks_for(make_subject, water, error, runs):
    found = make_subject(ensemble_error=error).short_runs
    assert found.degrees_of_freedom == 3
    assert len(found.temperatures_kelvin) == len(found.positions_angstrom) == runs
    # Not moved as a whole, nor turned: the centre stays where it was.
    weights = water.masses_amu / water.masses_amu.sum()
    centres = np.einsum("rfnx,n->rfx", found.positions_angstrom, weights)
    np.testing.assert_allclose(centres, centres[:, :1].repeat(centres.shape[1], 1), atol=1e-9)


def test_more_runs_follow_while_the_mean_excludes_the_target(make_subject):
    counts = set()
    for seed in range(6):
        subject = make_subject(seed=seed)
        found = subject.short_runs.temperatures_kelvin
        half_width, _ = compare_mean(found, asked_kelvin=300.0, degrees_of_freedom=3)
        assert len(found) == 16 or abs(found.mean() - 300.0) <= half_width
        counts.add(len(found))
    assert 4 in counts
    assert max(counts) > 4


def test_a_batch_gives_the_runs_that_it_gives_one_by_one(make_subject, monkeypatch):
    potential = load_potential("student:ultra-tiny")
    subject = make_subject(potential, sampling_ps=0.1, ensemble_ps=0.02)
    together = subject.short_runs
    monkeypatch.setattr(short_runs, "can_be_batched", lambda *_: False)
    alone = short_runs.measure_short_runs(subject)
    assert together.temperatures_kelvin.std() > 10.0
    np.testing.assert_allclose(together.temperatures_kelvin, alone.temperatures_kelvin, rtol=1e-4)
    np.testing.assert_allclose(together.positions_angstrom, alone.positions_angstrom, atol=1e-4)


def test_a_run_that_breaks_ends_it_and_says_when(make_subject):
    subject = make_subject()
    assert subject.samples.failure == ""
    weak = get_fault("weak bonds")
    subject.potential = weak.plant(subject.potential, weak.gross)
    found = subject.short_runs
    assert found.failure
    assert 0.0 < found.failure_ps <= found.duration_ps
    assert len(found.temperatures_kelvin) < 4


def test_one_atom_has_no_temperature_and_too_few_samples_are_skipped(make_subject):
    argon = MolecularSystem("argon", np.array([18]), np.zeros((1, 3)))
    potential = healthy("pair", molecule=argon, seed=0)
    assert isinstance(make_subject(potential, argon).short_runs, NotApplicable)
    subject = make_subject(sampling_ps=0.01)
    assert isinstance(subject.short_runs, Skipped)
    assert subject.store.read("short_runs").status == "skipped"
