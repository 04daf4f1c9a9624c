import pytest
import torch

from openmm_mlff.errors import CheckpointError, PotentialError
from openmm_mlff.potentials.torchscript import is_torchscript, load_torchscript
from openmm_mlff.potentials.torchscript.archive import copy_of, torch_reason


@pytest.fixture
def file(models, tmp_path):
    path = tmp_path / "springs.pt"
    torch.jit.script(models.Springs()).save(str(path))
    return path


def test_torchscript_is_told_from_checkpoints_by_content(file, tmp_path):
    checkpoint = tmp_path / "weights.pt"
    torch.save({"model_state_dict": {"a": torch.zeros(2)}}, checkpoint)
    text = tmp_path / "text.pt"
    text.write_text("no archive")
    assert is_torchscript(file)
    assert not is_torchscript(checkpoint)
    assert not is_torchscript(text)
    assert not is_torchscript(tmp_path / "absent.pt")


@pytest.mark.parametrize("damage", ["cut", "overwritten", "text", "absent"])
def test_a_damaged_file_is_said_in_one_line(damage, file):
    content = file.read_bytes()
    if damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "overwritten":
        # The directory of the archive at its end stays readable.
        start = content.index(b"data.pkl") + len("data.pkl")
        file.write_bytes(content[:start] + b"\x00" * 400 + content[start + 400 :])
    elif damage == "text":
        file.write_text("no archive")
    else:
        file.unlink()
    with pytest.raises(CheckpointError) as raised:
        load_torchscript(file)
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_module_without_forward_is_refused(tmp_path):
    path = tmp_path / "empty.pt"
    torch.jit.script(torch.nn.Module()).save(str(path))
    with pytest.raises((PotentialError, CheckpointError)) as raised:
        load_torchscript(path)
    assert "\n" not in str(raised.value)


def test_a_copy_shares_no_weights(file):
    module = torch.jit.load(str(file))
    copied = copy_of(module)
    with torch.no_grad():
        next(iter(copied.parameters())).fill_(7.0)
    (weight,) = module.parameters()
    assert float(weight.detach()) == pytest.approx(0.11)
    assert next(iter(copied.parameters())).is_leaf


def test_the_reason_is_the_line_that_says_what_is_wrong():
    traced = "The following operation failed in the TorchScript interpreter.\nTraceback:\n  x\n"
    assert torch_reason(RuntimeError(f"{traced}RuntimeError: shapes differ\n")) == "shapes differ"
    assert torch_reason(RuntimeError("shapes differ\nframe #0: here")) == "shapes differ"
    assert torch_reason(RuntimeError("")) == "RuntimeError"
