import re
from dataclasses import replace

from openmm_mlff.students.checkpoint import StudentRecord
from openmm_mlff.students.painn import PaiNNConfig
from openmm_mlff.students.training.card import model_card

RECORD = StudentRecord(
    name="made-up",
    config=PaiNNConfig(features=17, interactions=2, basis=9, cutoff_angstrom=4.5, elements=(1, 8)),
    teacher="A Teacher",
    data={
        "seed": 123,
        "training_frames": 456,
        "held_out_frames": 78,
        "kinds": {"thermal": 400, "scan": 56},
        "molecules": ["water", "methane"],
    },
    training={
        "parameters": 12345,
        "seed": 9,
        "epochs": 11,
        "batch_size": 12,
        "learning_rate": 0.003,
    },
    held_out={
        "water/thermal": {
            "force_rmse_ev_per_angstrom": 0.04321,
            "energy_mae_mev_per_atom": 1.2345,
            "frames": 40,
        },
        "methane/thermal": {
            "force_rmse_ev_per_angstrom": 0.5,
            "energy_mae_mev_per_atom": 0.25,
            "frames": 38,
        },
    },
    versions={"torch": "2.11", "ase": "3.29"},
)


def test_every_figure_is_the_records():
    card = model_card(RECORD)

    for line in (
        "# student:made-up",
        "| parameters | 12,345 |",
        "| features, interactions, basis | 17, 2, 9 |",
        "| cutoff | 4.5 Å |",
        "| elements | H, O |",
        "| training frames | 456 (400 thermal, 56 scan) |",
        "| molecules | water, methane |",
        "| data seed, training seed | 123, 9 |",
        "| epochs, batch, learning rate | 11, 12, 0.003 |",
        "| versions | torch 2.11, ase 3.29 |",
        "## Errors on 78 held-out frames",
        "| water/thermal | 40 | 0.043 | 1.23 |",
        "| methane/thermal | 38 | 0.500 | 0.25 |",
    ):
        assert line in card.splitlines()
    assert "distilled from A Teacher" in card


def test_later_rounds_and_where_the_test_frames_come_from_are_told():
    plan = {"epochs": 4, "batch_size": 6, "learning_rate": 0.001}
    record = replace(
        RECORD,
        data=RECORD.data | {"held_out_from": "Frames from elsewhere."},
        training=RECORD.training
        | {
            "refinement": plan,
            "torsion": plan | {"frames": 31},
            "levelling": plan | {"frames": 32},
            "polishing": plan | {"frames": 33},
            "note": "begun elsewhere",
        },
    )

    card = model_card(record)

    for line in (
        "| second round | 4, 6, 0.001 |",
        "| round with turned bonds | 4, 6, 0.001, on 31 frames |",
        "| the same, for energies | 4, 6, 0.001, on 32 frames |",
        "| the same, for all | 4, 6, 0.001, on 33 frames |",
        "| note | begun elsewhere |",
        "Frames from elsewhere. Energies are absolute, without any shift.",
    ):
        assert line in card.splitlines()
    assert "Frames from elsewhere" not in model_card(RECORD)
    assert "| second round |" not in model_card(RECORD)


def test_no_figure_is_left_from_a_template():
    assert not re.search(r"[{}]|None|nan", model_card(RECORD))
