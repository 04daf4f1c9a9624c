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
    load_student,
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
SIZES = '"features": 6, "interactions": 2, "basis": 5'


@pytest.fixture
def model():
    torch.manual_seed(5)
    model = PaiNN(CONFIG)
    with torch.no_grad():
        energies = torch.tensor([-10.123456789012, -100.98765432109876], dtype=torch.float64)
        model.reference_energies.copy_(energies)
    return model


@pytest.fixture
def saved(model, tmp_path):
    path = tmp_path / "small.safetensors"
    save_student(model, RECORD, path)
    return path


def test_weights_are_restored_exactly_with_a_record_in_plain_json(model, saved):
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
    with safe_open(saved, framework="pt") as file:
        metadata = file.metadata()
    assert metadata["format"] == FORMAT
    assert json.loads(metadata["config"])["elements"] == [1, 8]
    assert json.loads(metadata["data"]) == RECORD.data


def test_writing_replaces_the_file_or_leaves_it(model, saved, tmp_path, monkeypatch):
    def fails(*_args, **_kwargs):
        raise OSError("no space left")

    with torch.no_grad():
        model.filter.bias += 1.0
    save_student(model, RECORD, saved)
    assert torch.equal(load_student(saved)[0].filter.bias, model.filter.bias)
    before = saved.read_bytes()
    monkeypatch.setattr(checkpoint, "save_file", fails)
    with pytest.raises(OSError, match="no space left"):
        save_student(model, RECORD, saved)
    assert saved.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [saved.name]


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ("metadata", {"format": "something/2"}, "has format 'something/2', expected 'openmm_mlff"),
        ("metadata", {"format": None}, "has format None"),
        ("metadata", {"config": None}, "KeyError: 'config'"),
        ("metadata", {"config": "{not json"}, "JSONDecodeError"),
        ("metadata", {"config": "[]"}, "TypeError"),
        ("metadata", {"config": '{"features": 6, "elements": [1]}'}, "TypeError"),
        ("metadata", {"config": f'{{{SIZES}, "elements": [1, 79]}}'}, "expected some of"),
        ("metadata", {"held_out": "12:30"}, "JSONDecodeError"),
        ("metadata", {"name": None}, "KeyError: 'name'"),
        ("tensors", {"filter.bias": None}, "do not match its config.*filter.bias"),
        ("tensors", {"filter.bias": torch.zeros(3)}, "do not match its config.*size mismatch"),
        ("tensors", {"extra": torch.zeros(3)}, "do not match its config.*extra"),
        ("tensors", {"filter.bias": torch.full((30,), np.nan)}, r"not finite \(in filter.bias\)"),
        ("tensors", {"filter.bias": torch.full((30,), np.inf)}, r"not finite \(in filter.bias\)"),
    ],
)
def test_other_metadata_and_tensors_are_refused_in_one_line(saved, part, change, message):
    with safe_open(saved, framework="pt") as file:
        content = {
            "tensors": {name: file.get_tensor(name) for name in file.keys()},  # noqa: SIM118
            "metadata": file.metadata(),
        }
    content[part] = {k: v for k, v in (content[part] | change).items() if v is not None}
    save_file(content["tensors"], saved, metadata=content["metadata"])
    with pytest.raises(CheckpointError, match=message) as caught:
        load_student(saved)
    assert str(saved) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_damaged_and_missing_files_are_refused(saved, tmp_path):
    saved.write_bytes(saved.read_bytes()[:-100])
    for path in (saved, tmp_path / "missing.safetensors"):
        with pytest.raises(CheckpointError, match="expected a complete safetensors file"):
            read_student_record(path)
