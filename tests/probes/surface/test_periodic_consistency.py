"""Healthy boxes are the same in every description; one that forgets its images is not."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase.calculators.lj import LennardJones

from openmm_mlff.config import ProbeSpec
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.probes.surface.cutoff_continuity import probe_cutoff_continuity
from openmm_mlff.probes.surface.periodic_consistency import (
    probe_periodic_consistency,
    supercell,
)
from openmm_mlff.probes.surface.rotation_invariance import probe_rotation_invariance
from openmm_mlff.probes.surface.size_extensivity import probe_size_extensivity
from openmm_mlff.students.checkpoint import StudentRecord, save_student
from openmm_mlff.students.painn import PaiNN, PaiNNConfig

FEW = ProbeSpec(thermal_frames=1, rotations=2)
TRICLINIC = np.array([[9.0, 0.0, 0.0], [2.0, 9.5, 0.0], [-1.5, 3.0, 10.0]])


class WithoutImages(LennardJones):
    """Lennard-Jones that takes every box for empty space."""

    def calculate(self, atoms=None, properties=None, system_changes=()):
        isolated = atoms.copy()
        isolated.pbc = False
        super().calculate(isolated, ["energy"], list(system_changes))


class Jumping(LennardJones):
    """Lennard-Jones and 0.05 eV for every pair nearer than 4.2 Å."""

    def calculate(self, atoms=None, properties=None, system_changes=()):
        super().calculate(atoms, ["energy"], list(system_changes))
        distances = atoms.get_all_distances(mic=True)
        self.results["energy"] += 0.05 * int(
            (distances[np.triu_indices(len(atoms), 1)] < 4.2).sum()
        )


@pytest.fixture(scope="module")
def argon():
    grid = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), -1).reshape(-1, 3) / 2.0
    noise = np.random.default_rng(1).normal(scale=0.1, size=(8, 3))
    return MolecularSystem(
        name="argon_8",
        atomic_numbers=np.full(8, 18),
        positions_angstrom=grid @ TRICLINIC + noise,
        cell_angstrom=TRICLINIC,
    )


def lennard_jones(calculator=LennardJones):
    options = {"epsilon": 0.0103, "sigma": 3.405, "rc": 8.0, "smooth": True, "ro": 6.0}
    return AsePotential(calculator, options, spec="ase:test:LennardJones")


@pytest.fixture
def student(tmp_path):
    torch.manual_seed(1)
    config = PaiNNConfig(features=8, interactions=2, basis=6)
    save_student(
        PaiNN(config), StudentRecord(name="small", config=config), tmp_path / "s.safetensors"
    )
    return StudentPotential.from_file(tmp_path / "s.safetensors")


def test_a_box_is_the_same_in_every_description(probed, argon):
    outcome = probe_periodic_consistency(probed(lennard_jones(), molecule=argon))
    assert np.abs(outcome.arrays["energy_changes_ev"]).max() < 1e-9
    assert np.abs(outcome.arrays["force_changes"]).max() < 1e-9
    assert np.abs(outcome.arrays["doubled_energy_ev"]).max() < 1e-9
    assert len(outcome.data["moves"]) == len(outcome.arrays["energy_changes_ev"])
    np.testing.assert_allclose(
        outcome.arrays["virial_ev"], outcome.arrays["virial_differences_ev"], atol=1e-4
    )


def test_a_student_is_the_same_and_gives_the_virial(probed, student, water):
    boxed = water.with_cell(0.6 * TRICLINIC)
    outcome = probe_periodic_consistency(probed(student, molecule=boxed))
    assert np.abs(outcome.arrays["energy_changes_ev"]).max() < 1e-9
    assert np.abs(outcome.arrays["doubled_force_changes"]).max() < 1e-8
    np.testing.assert_allclose(
        outcome.arrays["virial_ev"], outcome.arrays["virial_differences_ev"], atol=1e-4
    )


def test_what_forgets_the_images_is_seen(probed, argon):
    outcome = probe_periodic_consistency(probed(lennard_jones(WithoutImages), molecule=argon))
    changes = dict(zip(outcome.data["moves"], outcome.arrays["energy_changes_ev"], strict=True))
    assert abs(changes["atoms put into other images, 1"]) > 1e-3
    assert abs(outcome.arrays["doubled_energy_ev"][0]) > 1e-3


def test_an_isolated_molecule_has_no_box(probed, healthy):
    outcome = probe_periodic_consistency(probed(healthy))
    assert outcome.data == {"applicable": False}
    assert "not periodic" in outcome.skipped


def test_two_boxes_lie_side_by_side(argon):
    double = supercell(argon)
    assert double.n_atoms == 16
    np.testing.assert_allclose(
        double.positions_angstrom[8:] - double.positions_angstrom[:8],
        np.broadcast_to(TRICLINIC[0], (8, 3)),
    )


def test_a_box_is_turned_with_its_atoms(probed, argon):
    outcome = probe_rotation_invariance(probed(lennard_jones(), molecule=argon))
    assert np.abs(outcome.arrays["energy_changes_ev"]).max() < 1e-9
    assert np.abs(outcome.arrays["scan_energy_changes_ev"]).max() < 1e-9


def test_a_box_that_cannot_be_turned_is_not_asked(probed, argon):
    potential = lennard_jones()
    potential.box_is_free = False
    assert (
        "as OpenMM orients it"
        in probe_rotation_invariance(probed(potential, molecule=argon)).skipped
    )


def test_a_jump_at_the_cutoff_shows_when_one_molecule_is_moved(probed, argon):
    jumping = probe_cutoff_continuity(probed(lennard_jones(Jumping), molecule=argon))
    assert jumping.arrays["jump_energy_ev"].max() == pytest.approx(0.05, rel=0.01)
    np.testing.assert_allclose(jumping.arrays["jump_distance_angstrom"], 4.2, atol=1e-3)
    smooth = probe_cutoff_continuity(probed(lennard_jones(), molecule=argon))
    assert smooth.arrays["jump_energy_ev"].size == 0


def test_copies_of_a_box_are_not_drawn_apart(probed, argon):
    assert probe_size_extensivity(probed(lennard_jones(), molecule=argon)).skipped


def test_a_dense_box_is_turned_with_its_atoms(probed, student):
    subject = probed(student, system="water_box_64", precision="mixed")
    outcome = probe_rotation_invariance(replace(subject, spec=FEW))
    assert np.abs(outcome.arrays["energy_changes_ev"]).max() < 1e-3
    assert np.abs(outcome.arrays["scan_energy_changes_ev"]).max() < 1e-3
