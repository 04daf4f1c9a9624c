import hashlib
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from openmm_mlff.errors import CheckpointError
from openmm_mlff.students import shipped
from openmm_mlff.students.checkpoint import StudentRecord, save_student
from openmm_mlff.students.distiller import DistillerConfig, DistillerStudent
from openmm_mlff.students.loading import load_checkpoint
from openmm_mlff.students.painn import PaiNN, PaiNNConfig
from openmm_mlff.students.shipped import shipped_path, shipped_students


class Trap:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.fixture(scope="module")
def published():
    """A state dict in MLFF-Distiller's layout, with random weights."""
    torch.manual_seed(2)
    config = DistillerConfig(features=6, interactions=2, basis=4, n_species=20, head=(5, 3))
    model = DistillerStudent(config)
    model.rbf.centers.copy_(torch.linspace(0, 5, 4))
    return model.state_dict()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "best_model.pt"


@pytest.fixture
def own(tmp_path):
    torch.manual_seed(2)
    config = PaiNNConfig(features=6, interactions=2, basis=4, cutoff_angstrom=4.5, elements=(1, 8))
    path = tmp_path / "own.safetensors"
    save_student(PaiNN(config), StudentRecord(name="mine", config=config), path)
    return path


def refusal(path) -> str:
    """Return the one line that refuses a file."""
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    assert len(text) < 500 + len(str(path))
    return text


def test_own_student_under_any_suffix(own):
    renamed = own.with_suffix(".pt")
    renamed.write_bytes(own.read_bytes())
    for path in (own, renamed):
        student = load_checkpoint(path)
        assert (student.name, student.architecture) == ("mine", "painn")
        assert student.elements == {1, 8}
        assert student.cutoff_angstrom == 4.5
        assert student.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert student.n_parameters == sum(p.numel() for p in student.model.parameters())
        assert student.record is not None


LAYOUTS = {
    "with config": lambda state: {"model_state_dict": state, "config": {"cutoff": 4.0}},
    "without config": lambda state: {"model_state_dict": state, "epoch": 3},
    "bare": lambda state: state,
}


@pytest.mark.parametrize(
    ("layout", "options"),
    [
        *((layout, {}) for layout in LAYOUTS),
        ("bare", {"_use_new_zipfile_serialization": False}),
        ("bare", {"pickle_protocol": 3}),
        ("bare", None),
    ],
)
def test_published_student_in_every_layout_and_file_format(published, path, layout, options):
    if options is None:
        save_file({name: value.contiguous() for name, value in published.items()}, path)
    else:
        torch.save(LAYOUTS[layout](published), path, **options)
    student = load_checkpoint(path)
    assert (student.name, student.architecture) == ("best_model", "mlff-distiller")
    assert student.elements == set(range(1, 20))
    assert student.cutoff_angstrom == (4.0 if layout == "with config" else 5.0)
    assert student.record is None
    state = student.model.state_dict()
    assert all(torch.equal(state[name], value) for name, value in published.items())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file: "),
        (b"", "is empty, expected a checkpoint"),
        *(
            (content, "neither a file of torch.save nor safetensors")
            for content in (b"hello world\n", b"{}", b"\x89PNG\r\n", b"\x00" * 64)
        ),
        (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
        ({"w": torch.ones(2)}, "weights of an unknown architecture (tensors w, ...)"),
        ({1: torch.ones(2)}, "weights of an unknown architecture (tensors 1, ...)"),
        ([torch.ones(2)], "holds a list, expected a state dict"),
        ({"model_state_dict": 3}, "holds a int, expected a state dict"),
        ({"model_state_dict": {}}, "holds no tensors"),
        ({"epoch": 3}, "holds no tensors"),
    ],
)
def test_other_files_and_contents_are_refused(path, content, message):
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    assert message in refusal(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files_and_unsafe_protocols_are_refused(published, own, path, zipped):
    torch.save(published, path, _use_new_zipfile_serialization=zipped)
    for file, end in ((path, path.stat().st_size // 2), (own, -64)):
        file.write_bytes(file.read_bytes()[:end])
        assert "is damaged" in refusal(file)
    torch.save({"model_state_dict": published}, path, pickle_protocol=4)
    assert "a protocol other than torch's own" in refusal(path)
    assert "is a folder, expected a checkpoint file" in refusal(path.parent)


@pytest.mark.parametrize("seed", range(6))
def test_randomly_overwritten_bytes_never_cause_a_traceback(published, path, seed):
    torch.save({"model_state_dict": published}, path, _use_new_zipfile_serialization=False)
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.integers(40, len(content), size=len(content) // 20):
        content[position] = rng.integers(256)
    path.write_bytes(bytes(content))
    assert "expected" in refusal(path)


def test_objects_are_never_unpickled(published, path, tmp_path):
    witness = tmp_path / "executed"
    for content in ({"model_state_dict": published, "extra": Trap(witness)}, Trap(witness)):
        for zipped in (True, False):
            torch.save(content, path, _use_new_zipfile_serialization=zipped)
            text = refusal(path)
            assert "was not unpickled" in text
            assert "io.open" in text
    for protocol in (2, 4):
        path.write_bytes(pickle.dumps(Trap(witness), protocol=protocol))
        assert "neither a file of torch.save nor safetensors" in refusal(path)
    assert not witness.exists()
    # The trap works.
    pickle.loads(pickle.dumps(Trap(witness))).close()
    assert witness.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding.weight": torch.ones(3)}, "wrong shape"),
        ({"rbf.widths": None}, "rbf.widths"),
        ({"energy_head.2.bias": None}, "energy_head.2.bias"),
        ({"interactions.0.update.update_mlp.0.weight": torch.ones(2, 2)}, "size mismatch"),
        ({"interactions.7.extra": torch.ones(2)}, "do not match"),
        ({"energy_head.4.bias": torch.tensor([np.nan])}, "not finite (in energy_head.4.bias)"),
        (dict.fromkeys(["interactions"]), "has no interactions"),
    ],
)
def test_a_published_student_with_other_tensors_is_refused(published, path, change, message):
    changed = {k: v for k, v in (published | change).items() if v is not None}
    if "interactions" in change:
        changed = {k: v for k, v in changed.items() if "interactions" not in k}
    torch.save(changed, path)
    assert message in refusal(path)


@pytest.mark.parametrize("cutoff", ["five", -1.0, 0, float("nan"), float("inf")])
def test_an_impossible_cutoff_in_the_config_is_refused(published, path, cutoff):
    torch.save({"model_state_dict": published, "config": {"cutoff": cutoff}}, path)
    assert "expected a length in Å above zero" in refusal(path)


def test_torchscript_and_unreadable_files_are_refused(path, own, monkeypatch):
    def refuses(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    assert "is a TorchScript program" in refusal(path)
    monkeypatch.setattr(type(own), "open", refuses)
    assert "Permission denied" in refusal(own)


def test_shipped_students_are_found_by_name(own, monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "WEIGHTS_FOLDER", tmp_path)
    assert shipped_students() == ["own"]
    assert shipped_path("own") == own
    with pytest.raises(CheckpointError, match="unknown student 'owm'; did you mean 'own'"):
        shipped_path("owm")


@pytest.mark.parametrize("name", shipped_students())
def test_every_shipped_student_loads(name):
    student = load_checkpoint(shipped_path(name))
    assert (student.name, student.architecture) == (name, "painn")
    assert student.elements == ({1, 8} if name == "water" else {1, 6, 7, 8})
    assert student.record is not None
    assert student.record.training["parameters"] == student.n_parameters
