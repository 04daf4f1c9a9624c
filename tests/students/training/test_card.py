import re
from dataclasses import replace

import pytest

from openmm_mlff.students.checkpoint import read_student_record
from openmm_mlff.students.shipped import shipped_path, shipped_students
from openmm_mlff.students.training.card import model_card
from openmm_mlff.students.training.last_rounds import LAST_ROUNDS


@pytest.mark.parametrize("name", shipped_students())
def test_the_shipped_cards_are_those_of_their_weights(name):
    record = read_student_record(shipped_path(name))
    card = model_card(record)
    assert shipped_path(name).with_suffix(".md").read_text(encoding="utf-8") == card
    data, training = record.data, record.training
    for number in (
        f"{training['parameters']:,}",
        f"{data['training_frames']} (",
        f"on {data['held_out_frames']} held-out",
        *(f"{count} {kind}" for kind, count in data["kinds"].items()),
        *(f"on {training[kind]['frames']} frames" for kind in LAST_ROUNDS if kind in training),
        *(
            f"| {origin} | {errors['frames']} | {errors['force_rmse_ev_per_angstrom']:.3f} "
            f"| {errors['energy_mae_mev_per_atom']:.2f} |"
            for origin, errors in record.held_out.items()
        ),
    ):
        assert number in card
    assert ("| second round |" in card) is ("refinement" in training)
    assert data.get("held_out_from", "never trained on") in card
    assert not re.search(r"[{}]|None|nan", card)


def test_errors_of_boxes_have_a_column_of_the_pressure():
    energy, force = {"energy_mae_mev_per_atom": 1.2345}, {"force_rmse_ev_per_angstrom": 0.04321}
    held_out = {"a/thermal": {"frames": 40} | energy | force}
    held_out["a/liquid"] = held_out["a/thermal"] | {"pressure_mae_bar": 123.4}
    record = replace(read_student_record(shipped_path("tiny")), held_out=held_out)
    lines = model_card(record).splitlines()
    assert "| a/thermal | 40 | 0.043 | 1.23 | |" in lines
    assert "| a/liquid | 40 | 0.043 | 1.23 | 123 |" in lines
