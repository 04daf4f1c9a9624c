from dataclasses import replace

import numpy as np
import pytest
import torch
from ase.neighborlist import primitive_neighbor_list

from openmm_mlff.students.painn import PaiNNConfig
from openmm_mlff.students.training.fit import (
    TrainingPlan,
    held_out_errors,
    join,
    loss_of,
    new_student,
    predict,
    pseudo_huber,
    train_student,
)
from openmm_mlff.students.training.frames import LabelledFrame

from ..conftest import random_frame, slope

CONFIG = PaiNNConfig(features=8, interactions=2, basis=6)
FREE_ATOMS_EV = {1: -10.0, 6: -48.0, 7: -70.0, 8: -100.0}


def free_atoms() -> list[LabelledFrame]:
    return [
        LabelledFrame("free/atom", np.array([z]), np.zeros((1, 3)), energy, np.zeros((1, 3)))
        for z, energy in FREE_ATOMS_EV.items()
    ]


@pytest.fixture
def model():
    return new_student(CONFIG, [*free_atoms(), random_frame(4, 0)], seed=3)


def test_a_joined_batch_has_the_predictions_of_its_frames(model):
    frames = [random_frame(4, 1), random_frame(1, 2), random_frame(6, 3)]
    energies, forces, _ = predict(model, join(frames, cutoff_angstrom=5.0), training=False)
    alone = [predict(model, join([f], cutoff_angstrom=5.0), training=False) for f in frames]
    torch.testing.assert_close(energies, torch.cat([e for e, _, _ in alone]), rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(forces, torch.cat([f for _, f, _ in alone]), rtol=1e-4, atol=1e-4)


TRICLINIC = np.array([[6.1, 0.0, 0.0], [1.3, 7.0, 0.0], [-0.8, 1.1, 5.7]])
"""Å; narrower than twice the cutoff, so that images of one atom are neighbours."""


def in_a_box(n_atoms: int, seed: int, *, cell=TRICLINIC) -> LabelledFrame:
    """Atoms of which some lie outside of the box."""
    virial = np.random.default_rng(seed).normal(size=(3, 3))
    made = random_frame(n_atoms, seed, spread=4.0)
    return replace(made, origin="made/box", cell_angstrom=cell, virial_ev=virial)


def test_periodic_pairs_are_those_of_ase():
    frames = [in_a_box(9, 1), random_frame(4, 2), in_a_box(5, 3, cell=4.0 * np.eye(3))]
    batch = join(frames, cutoff_angstrom=5.0)
    found = batch.positions[batch.senders] - batch.positions[batch.receivers] + batch.shifts
    expected, offset = [], 0
    for frame in frames:
        cell = np.zeros((3, 3)) if frame.cell_angstrom is None else frame.cell_angstrom
        pbc = [frame.cell_angstrom is not None] * 3
        i, j, apart = primitive_neighbor_list("ijD", pbc, cell, frame.positions_angstrom, 5.0)
        expected += [
            (a + offset, b + offset, *np.round(d, 6) + 0.0)
            for a, b, d in zip(i, j, apart, strict=True)
        ]
        offset += len(frame.atomic_numbers)
    pairs = zip(batch.receivers.tolist(), batch.senders.tolist(), found.numpy(), strict=True)
    assert sorted((a, b, *np.round(d, 6) + 0.0) for a, b, d in pairs) == sorted(expected)
    assert bool((batch.senders == batch.receivers).any())
    assert batch.boxes.tolist() == [0, 2]


def test_forces_and_virials_of_boxes_are_gradients_of_the_energy(model):
    model = model.double()
    frame = in_a_box(6, 4)
    none = np.zeros((3, 3))

    def evaluated(strain, moved=0.0):
        """Results after a strain and a displacement of one atom."""
        positions = frame.positions_angstrom.copy()
        positions[2, 1] += moved
        deformation = np.eye(3) + strain
        changed = replace(
            frame, positions_angstrom=positions @ deformation, cell_angstrom=TRICLINIC @ deformation
        )
        batch = join([random_frame(3, 5), changed], cutoff_angstrom=5.0)
        energies, forces, virials = predict(model, batch, training=False)
        return energies[1].detach(), forces, virials

    _, forces, virials = evaluated(none)
    rise = slope(lambda moved: evaluated(none, moved)[0], 1.0)
    assert float(forces[3 + 2, 1]) == pytest.approx(-rise, abs=2e-3)
    for a, b in ((0, 0), (1, 2)):
        strain = none.copy()
        strain[a, b] = 1.0
        rise = slope(lambda strain: evaluated(strain)[0], strain)
        assert float(virials[0, a, b]) == pytest.approx(rise, abs=2e-3)


def test_virials_have_a_part_in_the_loss_and_in_the_table(model):
    frames = [random_frame(4, 1), in_a_box(5, 2)]
    batch = join(frames, cutoff_angstrom=5.0)
    plan = TrainingPlan(virial_scale_ev_per_atom=0.01, virial_weight=2.0)
    labels = (batch.energies, batch.forces)
    off = batch.virials + torch.eye(3) * 5 / np.sqrt(3)
    assert float(loss_of(*labels, batch.virials, batch, plan)) < 1e-9
    assert float(loss_of(*labels, off, batch, plan)) == pytest.approx(2.0 * 0.99, rel=1e-3)
    _, _, virials = predict(model, batch, training=False)
    error = float((virials[0] - batch.virials[0]).trace()) / 3 / np.linalg.det(TRICLINIC)
    table = held_out_errors(model, frames)
    assert table["made/box"]["pressure_mae_bar"] == pytest.approx(abs(error) * 1.602176634e6)
    assert "pressure_mae_bar" not in table["made/up"]


def test_loss_is_zero_for_the_labels_and_weights_energies():
    small, large = torch.tensor([1e-3, 1e3], dtype=torch.float64)
    assert float(pseudo_huber(small, 1.0)) == pytest.approx(0.5e-6, rel=1e-5)
    assert float(pseudo_huber(large, 0.1)) == pytest.approx(1e3 - 0.1, rel=1e-6)
    batch = join([random_frame(4, 1), random_frame(2, 2)], cutoff_angstrom=5.0)
    plan = TrainingPlan(energy_weight=0.5, energy_scale_ev_per_atom=0.002)
    perfect = loss_of(batch.energies, batch.forces, batch.virials, batch, plan)
    off = loss_of(batch.energies + 1.0 * batch.sizes, batch.forces, batch.virials, batch, plan)
    assert float(perfect) < 1e-9
    assert float(off) == pytest.approx(0.5 * (1.0 - 0.002), rel=1e-3)


def test_a_new_student_starts_from_seed_free_atoms_and_mean_binding(model):
    # Four free atoms have no binding energy; the fifth frame holds all of it.
    frame = random_frame(4, 0)
    binding = frame.energy_ev - sum(FREE_ATOMS_EV[int(z)] for z in frame.atomic_numbers)
    assert model.reference_energies.tolist() == list(FREE_ATOMS_EV.values())
    assert float(model.readout[-1].bias.detach()) == pytest.approx(binding / 4 / 5, rel=1e-6)
    same, other = (
        new_student(CONFIG, [*free_atoms(), frame], seed=seed).state_dict() for seed in (3, 4)
    )
    assert all(torch.equal(value, same[name]) for name, value in model.state_dict().items())
    assert not all(torch.equal(value, other[name]) for name, value in same.items())


@pytest.fixture(scope="module")
def labelled():
    """Real labels: distorted water by GFN2-xTB."""
    pytest.importorskip("tblite")
    from openmm_mlff.molecules import load_system
    from openmm_mlff.students.training.sampling import altered_frames, free_atom_frames
    from openmm_mlff.students.training.teacher import free_atom_energies

    def jostle(molecule, rng):
        shape = molecule.positions_angstrom.shape
        return molecule.positions_angstrom + rng.normal(scale=0.08, size=shape)

    water = load_system("water")
    frames = list(altered_frames(water, "jostled", jostle, 40, seed=1))
    return list(free_atom_frames(free_atom_energies((1, 6, 7, 8)))), frames


def test_the_loss_and_the_errors_of_held_out_frames_decrease(labelled):
    atoms, frames = labelled
    training, held_out = [*atoms, *frames[:32]], frames[32:]
    model = new_student(CONFIG, training, seed=1)
    before = held_out_errors(model, held_out)["water/jostled"]
    losses = []
    train_student(
        model,
        training,
        TrainingPlan(epochs=15, batch_size=6, learning_rate=1e-2, average_decay=0.9),
        seed=1,
        on_epoch=lambda epoch, loss, _: losses.append((epoch, loss)),
    )
    assert [epoch for epoch, _ in losses] == list(range(1, 16))
    assert losses[-1][1] < 0.3 * losses[0][1]
    after = held_out_errors(model, held_out)["water/jostled"]
    assert after["force_rmse_ev_per_angstrom"] < 0.5 * before["force_rmse_ev_per_angstrom"]
    assert after["frames"] == 8


def test_training_is_reproducible_and_ends_with_the_last_average(labelled):
    atoms, frames = labelled
    results = []
    for _ in range(2):
        model = new_student(CONFIG, [*atoms, *frames], seed=2)
        shown = []

        def keep(_epoch, _loss, averaged, shown=shown):
            shown.append({name: value.clone() for name, value in averaged.state_dict().items()})

        train_student(model, [*atoms, *frames], TrainingPlan(epochs=2), seed=2, on_epoch=keep)
        results.append(model.state_dict())
        assert all(torch.equal(shown[-1][name], value) for name, value in results[-1].items())
    assert all(torch.equal(results[0][name], results[1][name]) for name in results[0])


def test_held_out_errors_are_those_of_the_labels(model):
    frames = [random_frame(3, seed) for seed in range(4)]
    batch = join(frames, cutoff_angstrom=5.0)
    energies, forces, _ = predict(model, batch, training=False)
    (table,) = held_out_errors(model, frames).values()
    errors = forces.detach().numpy() - batch.forces.numpy()
    assert table["force_rmse_ev_per_angstrom"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    per_atom = np.abs(energies.detach().numpy() - batch.energies.numpy()) / 3
    assert table["energy_mae_mev_per_atom"] == pytest.approx(1000 * per_atom.mean())
