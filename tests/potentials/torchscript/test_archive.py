import pytest
import torch

from openmm_mlff.errors import CheckpointError, PotentialError
from openmm_mlff.potentials.torchscript import is_torchscript, load_torchscript
from openmm_mlff.potentials.torchscript.archive import copy_of, torch_reason


@pytest.fixture
def file(scripted, tmp_path):
    path = tmp_path / "springs.pt"
    scripted("Springs").save(str(path))
    return path


def test_torchscript_is_distinguished_from_checkpoints_by_content(file, tmp_path):
    checkpoint, text = tmp_path / "weights.pt", tmp_path / "text.pt"
    torch.save({"model_state_dict": {"a": torch.zeros(2)}}, checkpoint)
    text.write_text("no archive")
    paths = (file, checkpoint, text, tmp_path / "absent.pt")
    assert [is_torchscript(path) for path in paths] == [True, False, False, False]


def _overwritten(content: bytes) -> bytes:
    """Keep the directory of the archive, which is at its end, readable."""
    start = content.index(b"data.pkl") + len("data.pkl")
    return content[:start] + b"\x00" * 400 + content[start + 400 :]


@pytest.mark.parametrize(
    "damage", [_overwritten, lambda content: content[: len(content) // 2], lambda _: b"no archive"]
)
def test_a_damaged_file_is_refused_in_one_line(damage, file):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(CheckpointError) as raised:
        load_torchscript(file)
    assert file.name in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_file_and_one_without_forward_are_refused(file):
    torch.jit.script(torch.nn.Module()).save(str(file))
    with pytest.raises(PotentialError, match="no method forward"):
        load_torchscript(file)
    file.unlink()
    with pytest.raises(CheckpointError, match="expected a TorchScript file"):
        load_torchscript(file)


def test_a_copy_shares_no_weights(file):
    module = torch.jit.load(str(file))
    copied = copy_of(module)
    with torch.no_grad():
        next(iter(copied.parameters())).fill_(7.0)
    (weight,) = module.parameters()
    assert float(weight.detach()) == pytest.approx(0.11)
    assert next(iter(copied.parameters())).is_leaf


TRACED = "The following operation failed in the TorchScript interpreter.\nTraceback:\n  x\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{TRACED}RuntimeError: shapes differ\n", "shapes differ"),
        ("shapes differ\nframe #0: here", "shapes differ"),
        ("", "RuntimeError"),
    ],
)
def test_the_reason_is_the_line_with_the_cause(text, reason):
    assert torch_reason(RuntimeError(text)) == reason
