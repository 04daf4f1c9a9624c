import re

from openmm_mlff.students.card import model_card
from openmm_mlff.students.checkpoint import StudentRecord
from openmm_mlff.students.painn import PaiNNConfig

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


def test_no_figure_is_left_from_a_template():
    assert not re.search(r"[{}]|None|nan", model_card(RECORD))
