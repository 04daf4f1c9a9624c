import re
from dataclasses import replace

import pytest

from openmm_mlff.students.checkpoint import StudentRecord
from openmm_mlff.students.painn import PaiNNConfig
from openmm_mlff.students.training.card import model_card

PLAN = {"epochs": 4, "batch_size": 6, "learning_rate": 0.001}
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
    training=PLAN | {"parameters": 12345, "seed": 9},
    held_out={
        name: {
            "force_rmse_ev_per_angstrom": force,
            "energy_mae_mev_per_atom": energy,
            "frames": frames,
        }
        for name, force, energy, frames in (
            ("water/thermal", 0.04321, 1.2345, 40),
            ("methane/thermal", 0.5, 0.25, 38),
        )
    },
    versions={"torch": "2.11", "ase": "3.29"},
)
LATER = {
    "refinement": PLAN,
    "torsion": PLAN | {"frames": 31},
    "levelling": PLAN | {"frames": 32},
    "polishing": PLAN | {"frames": 33},
    "note": "begun elsewhere",
}


LINES = """\
# student:made-up
| parameters | 12,345 |
| features, interactions, basis | 17, 2, 9 |
| cutoff | 4.5 Å |
| elements | H, O |
| training frames | 456 (400 thermal, 56 scan) |
| molecules | water, methane |
| data seed, training seed | 123, 9 |
| epochs, batch, learning rate | 4, 6, 0.001 |
| versions | torch 2.11, ase 3.29 |
## Errors on 78 held-out frames
| water/thermal | 40 | 0.043 | 1.23 |
| methane/thermal | 38 | 0.500 | 0.25 |
"""
LATER_LINES = """\
| second round | 4, 6, 0.001 |
| round with turned bonds | 4, 6, 0.001, on 31 frames |
| the same, for energies | 4, 6, 0.001, on 32 frames |
| the same, for all | 4, 6, 0.001, on 33 frames |
| note | begun elsewhere |
Frames from elsewhere. Energies are absolute, without any shift.
"""


@pytest.mark.parametrize("later", [False, True])
def test_every_number_is_that_of_the_record(later):
    record, lines = RECORD, LINES
    if later:
        data = RECORD.data | {"held_out_from": "Frames from elsewhere."}
        record = replace(RECORD, data=data, training=RECORD.training | LATER)
        lines = LINES + LATER_LINES
    card = model_card(record)
    assert [line for line in lines.splitlines() if line not in card.splitlines()] == []
    assert "distilled from A Teacher" in card
    assert ("| second round |" in card) is ("Frames from elsewhere" in card) is later
    assert not re.search(r"[{}]|None|nan", card)
