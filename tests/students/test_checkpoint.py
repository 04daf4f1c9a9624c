import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from openmm_mlff.errors import CheckpointError
from openmm_mlff.students import checkpoint
from openmm_mlff.students.checkpoint import (
    FORMAT,
    StudentRecord,
    check_finite,
    load_student,
    n_parameters,
    one_line,
    read_student_record,
    save_student,
)
from openmm_mlff.students.painn import PaiNN, PaiNNConfig

CONFIG = PaiNNConfig(features=6, interactions=2, basis=5, cutoff_angstrom=4.0, elements=(1, 8))
RECORD = StudentRecord(
    name="small",
    config=CONFIG,
    teacher="nobody",
    data={"seed": 1, "kinds": {"thermal": 3}},
    training={"epochs": 2},
    held_out={"water/thermal": {"force_rmse_ev_per_angstrom": 0.1}},
    versions={"torch": "2"},
)


@pytest.fixture
def model():
    torch.manual_seed(5)
    model = PaiNN(CONFIG)
    with torch.no_grad():
        model.reference_energies.copy_(
            torch.tensor([-10.123456789012, -100.98765432109876], dtype=torch.float64)
        )
    return model


@pytest.fixture
def saved(model, tmp_path):
    path = tmp_path / "small.safetensors"
    save_student(model, RECORD, path)
    return path


def rewrite(path, *, tensors=None, metadata=None):
    """Write the file again with some of it changed; None as a value leaves a key out."""
    with safe_open(path, framework="pt") as file:
        old = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        old_metadata = file.metadata()
    new = {k: v for k, v in (old | (tensors or {})).items() if v is not None}
    new_metadata = {k: v for k, v in (old_metadata | (metadata or {})).items() if v is not None}
    save_file(new, path, metadata=new_metadata)


def test_weights_come_back_to_the_last_bit(model, saved):
    found, record = load_student(saved)

    assert record == RECORD
    assert not found.training
    assert not any(parameter.requires_grad for parameter in found.parameters())
    state, original = found.state_dict(), model.state_dict()
    assert set(state) == set(original)
    for name, value in original.items():
        assert state[name].dtype == value.dtype
        assert torch.equal(state[name], value)
    assert found.reference_energies.dtype == torch.float64


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(model, saved, tmp_path):
    with torch.no_grad():
        model.filter.bias += 1.0

    save_student(model, RECORD, saved)

    assert torch.equal(load_student(saved)[0].filter.bias, model.filter.bias)
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


def test_a_write_that_fails_keeps_the_old_file(model, saved, monkeypatch):
    before = saved.read_bytes()

    def fails(*_args, **_kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(checkpoint, "save_file", fails)

    with pytest.raises(OSError, match="no space left"):
        save_student(model, RECORD, saved)
    assert saved.read_bytes() == before


def test_metadata_are_plain_json_for_other_tools(saved):
    with safe_open(saved, framework="pt") as file:
        metadata = file.metadata()

    assert metadata["format"] == FORMAT
    assert json.loads(metadata["config"])["elements"] == [1, 8]
    assert json.loads(metadata["data"]) == RECORD.data


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"format": "something/2"}, "has format 'something/2', expected 'openmm_mlff.student/1'"),
        ({"format": None}, "has format None"),
        ({"config": None}, "KeyError: 'config'"),
        ({"config": "{not json"}, "JSONDecodeError"),
        ({"config": "[]"}, "TypeError"),
        ({"config": '{"features": 6, "elements": [1]}'}, "TypeError"),
        (
            {"config": '{"features": 6, "interactions": 2, "basis": 5, "elements": [1, 79]}'},
            "expected some of",
        ),
        ({"held_out": "12:30"}, "JSONDecodeError"),
        ({"name": None}, "KeyError: 'name'"),
    ],
)
def test_wrong_metadata_are_refused_in_one_line(saved, metadata, message):
    rewrite(saved, metadata=metadata)

    with pytest.raises(CheckpointError, match=message) as caught:
        load_student(saved)

    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"filter.bias": None}, "filter.bias"),
        ({"filter.bias": torch.zeros(3)}, "size mismatch"),
        ({"extra": torch.zeros(3)}, "extra"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_in_one_line(saved, tensors, message):
    rewrite(saved, tensors=tensors)

    with pytest.raises(CheckpointError, match=message) as caught:
        load_student(saved)

    assert "do not fit its own config" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_file_is_refused(saved):
    saved.write_bytes(saved.read_bytes()[:-100])

    with pytest.raises(CheckpointError, match="expected a complete safetensors file"):
        read_student_record(saved)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="expected a complete safetensors file"):
        read_student_record(tmp_path / "missing.safetensors")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(saved, value):
    rewrite(saved, tensors={"filter.bias": torch.full((5 * CONFIG.features,), value)})

    with pytest.raises(CheckpointError, match=r"not finite \(in filter.bias\)"):
        load_student(saved)


def test_finite_weights_pass(model, tmp_path):
    check_finite(model.state_dict(), path=tmp_path)


def test_parameters_are_counted():
    assert n_parameters(torch.nn.Linear(3, 4)) == 16


def test_one_line_is_one_short_line():
    assert one_line(ValueError("a\n  b")) == "a b"
    assert one_line(ValueError()) == "ValueError"
    long = one_line(ValueError("x" * 1000))
    assert len(long) <= 200
    assert long.endswith(" ...")
