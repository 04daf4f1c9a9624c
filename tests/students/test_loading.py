import hashlib
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from openmm_mlff.errors import CheckpointError
from openmm_mlff.students import loading
from openmm_mlff.students.checkpoint import StudentRecord, save_student
from openmm_mlff.students.distiller import DistillerConfig, DistillerStudent
from openmm_mlff.students.loading import (
    is_torchscript,
    load_checkpoint,
    shipped_path,
    shipped_students,
)
from openmm_mlff.students.painn import PaiNN, PaiNNConfig


class Trap:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture
def published():
    """A state dict in MLFF-Distiller's layout, with made-up weights."""
    torch.manual_seed(2)
    config = DistillerConfig(features=6, interactions=2, basis=4, n_species=20, head=(5, 3))
    model = DistillerStudent(config)
    model.rbf.centers.copy_(torch.linspace(0, 5, 4))
    return model.state_dict()


@pytest.fixture
def own(tmp_path):
    torch.manual_seed(2)
    config = PaiNNConfig(features=6, interactions=2, basis=4, cutoff_angstrom=4.5, elements=(1, 8))
    path = tmp_path / "own.safetensors"
    save_student(PaiNN(config), StudentRecord(name="mine", config=config), path)
    return path


def refusal(path) -> str:
    """Give the one line that refuses a file."""
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    assert len(text) < 500 + len(str(path))
    return text


def test_own_student(own):
    student = load_checkpoint(own)

    assert (student.name, student.architecture) == ("mine", "painn")
    assert student.elements == {1, 8}
    assert student.cutoff_angstrom == 4.5
    assert student.sha256 == hashlib.sha256(own.read_bytes()).hexdigest()
    assert student.n_parameters == sum(p.numel() for p in student.model.parameters())
    assert student.record is not None


def test_the_suffix_does_not_matter(own, tmp_path):
    renamed = tmp_path / "renamed.pt"
    renamed.write_bytes(own.read_bytes())

    assert load_checkpoint(renamed).architecture == "painn"


LAYOUTS = {
    "with config": lambda state: {"model_state_dict": state, "config": {"cutoff": 4.0}},
    "without config": lambda state: {"model_state_dict": state, "epoch": 3},
    "bare": lambda state: state,
}


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_published_student(published, tmp_path, layout):
    path = tmp_path / "best_model.pt"
    torch.save(LAYOUTS[layout](published), path)

    student = load_checkpoint(path)

    assert (student.name, student.architecture) == ("best_model", "mlff-distiller")
    assert student.elements == set(range(1, 20))
    assert student.cutoff_angstrom == (4.0 if layout == "with config" else 5.0)
    assert student.record is None
    state = student.model.state_dict()
    assert all(torch.equal(state[name], value) for name, value in published.items())


@pytest.mark.parametrize(
    "options", [{"_use_new_zipfile_serialization": False}, {"pickle_protocol": 3}], ids=str
)
def test_published_student_in_older_and_newer_files(published, tmp_path, options):
    path = tmp_path / "best_model.pt"
    torch.save({"model_state_dict": published}, path, **options)

    assert load_checkpoint(path).architecture == "mlff-distiller"


def test_a_pickle_protocol_that_is_not_read_safely(published, tmp_path):
    path = tmp_path / "best_model.pt"
    torch.save({"model_state_dict": published}, path, pickle_protocol=4)

    assert "a protocol other than torch's own" in refusal(path)


def test_published_student_in_safetensors(published, tmp_path):
    path = tmp_path / "published.safetensors"
    save_file({name: value.contiguous() for name, value in published.items()}, path)

    assert load_checkpoint(path).architecture == "mlff-distiller"


def test_missing_file(tmp_path):
    assert "expected a file, or student:NAME" in refusal(tmp_path / "missing.pt")


def test_folder(tmp_path):
    assert "is a folder, expected a checkpoint file" in refusal(tmp_path)


def test_empty_file(tmp_path):
    path = tmp_path / "empty.pt"
    path.touch()

    assert "is empty, expected a checkpoint" in refusal(path)


@pytest.mark.parametrize("content", [b"hello world\n", b"{}", b"\x89PNG\r\n", b"\x00" * 64])
def test_another_kind_of_file(tmp_path, content):
    path = tmp_path / "other.pt"
    path.write_bytes(content)

    assert "neither a file of torch.save nor safetensors" in refusal(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_cut_short(published, tmp_path, zipped):
    path = tmp_path / "cut.pt"
    torch.save(published, path, _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert "is damaged" in refusal(path)


def test_safetensors_cut_short(own):
    own.write_bytes(own.read_bytes()[:-64])

    assert "is damaged" in refusal(own)


@pytest.mark.parametrize("seed", range(6))
def test_bytes_overwritten_at_random_never_end_in_a_traceback(published, tmp_path, seed):
    path = tmp_path / "scrambled.pt"
    torch.save({"model_state_dict": published}, path, _use_new_zipfile_serialization=False)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.integers(40, len(content), size=len(content) // 20):
        content[position] = rng.integers(256)
    path.write_bytes(bytes(content))

    assert "expected" in refusal(path)


def test_objects_are_never_unpickled(published, tmp_path):
    witness = tmp_path / "executed"
    traps = {
        "beside": {"model_state_dict": published, "extra": Trap(witness)},
        "instead": Trap(witness),
    }
    for name, content in traps.items():
        for zipped in (True, False):
            path = tmp_path / f"{name}_{zipped}.pt"
            torch.save(content, path, _use_new_zipfile_serialization=zipped)
            text = refusal(path)
            assert "was not unpickled" in text
            assert "io.open" in text
    for protocol in (2, 4):
        path = tmp_path / f"bare_{protocol}.pt"
        path.write_bytes(pickle.dumps(Trap(witness), protocol=protocol))
        assert "neither a file of torch.save nor safetensors" in refusal(path)

    assert not witness.exists()
    # The trap is a real one.
    pickle.loads(pickle.dumps(Trap(witness))).close()
    assert witness.exists()


def test_a_whole_model_is_no_checkpoint(tmp_path):
    path = tmp_path / "model.pt"
    torch.save(torch.nn.Linear(2, 2), path)

    assert "torch.nn.modules.linear.Linear" in refusal(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"w": torch.ones(2)}, "weights of an unknown architecture (tensors w, ...)"),
        ({1: torch.ones(2)}, "weights of an unknown architecture (tensors 1, ...)"),
        ([torch.ones(2)], "holds a list, expected a state dict"),
        ({"model_state_dict": 3}, "holds a int, expected a state dict"),
        ({"model_state_dict": {}}, "holds no tensors"),
        ({"epoch": 3}, "holds no tensors"),
    ],
)
def test_content_that_is_no_student(tmp_path, content, message):
    path = tmp_path / "other.pt"
    torch.save(content, path)

    assert message in refusal(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding.weight": torch.ones(3)}, "wrong shape"),
        ({"rbf.widths": None}, "rbf.widths"),
        ({"energy_head.2.bias": None}, "energy_head.2.bias"),
        ({"interactions.0.update.update_mlp.0.weight": torch.ones(2, 2)}, "size mismatch"),
        ({"interactions.7.extra": torch.ones(2)}, "do not fit"),
        ({"energy_head.4.bias": torch.tensor([np.nan])}, "not finite (in energy_head.4.bias)"),
    ],
)
def test_a_published_student_with_a_tensor_that_does_not_fit(published, tmp_path, change, message):
    path = tmp_path / "best_model.pt"
    torch.save({k: v for k, v in (published | change).items() if v is not None}, path)

    assert message in refusal(path)


def test_a_published_student_without_interactions(published, tmp_path):
    path = tmp_path / "best_model.pt"
    torch.save({k: v for k, v in published.items() if "interactions" not in k}, path)

    assert "has no interactions" in refusal(path)


@pytest.mark.parametrize("cutoff", ["five", -1.0, 0, float("nan"), float("inf")])
def test_an_impossible_cutoff_in_the_config(published, tmp_path, cutoff):
    path = tmp_path / "best_model.pt"
    torch.save({"model_state_dict": published, "config": {"cutoff": cutoff}}, path)

    assert "expected a length in Å above zero" in refusal(path)


def test_a_torchscript_program_is_told_apart(tmp_path, own):
    path = tmp_path / "program.pt"
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))

    assert is_torchscript(path)
    assert not is_torchscript(own)
    assert not is_torchscript(tmp_path / "missing")
    assert "is a TorchScript program" in refusal(path)


def test_an_unreadable_file(own, monkeypatch):
    def refuses(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(own), "open", refuses)

    assert "Permission denied" in refusal(own)


def test_shipped_students_are_found_by_name(own, monkeypatch, tmp_path):
    monkeypatch.setattr(loading, "WEIGHTS_FOLDER", tmp_path)

    assert shipped_students() == ["own"]
    assert shipped_path("own") == own
    with pytest.raises(CheckpointError, match="unknown student 'owm'; did you mean 'own'"):
        shipped_path("owm")


@pytest.mark.parametrize("name", shipped_students())
def test_every_shipped_student_loads(name):
    student = load_checkpoint(shipped_path(name))

    assert (student.name, student.architecture) == (name, "painn")
    assert student.elements == {1, 6, 7, 8}
    assert student.record is not None
    assert student.record.training["parameters"] == student.n_parameters
