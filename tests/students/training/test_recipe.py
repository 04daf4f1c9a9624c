import json
from dataclasses import replace

import pytest

from openmm_mlff.errors import CheckpointError, ConfigError, RunDirectoryError
from openmm_mlff.students.checkpoint import read_student_record
from openmm_mlff.students.training import last_rounds
from openmm_mlff.students.training import recipe as recipe_module
from openmm_mlff.students.training.fit import TrainingPlan
from openmm_mlff.students.training.recipe import (
    QUICK_RECIPE,
    SIZES,
    Recipe,
    build_student,
    check_name,
    default_workers,
    load_or_make_frames,
)
from openmm_mlff.students.training.sampling import SamplingPlan

pytest.importorskip("tblite")

TINY_RECIPE = Recipe(
    sampling=SamplingPlan(
        thermal=10,
        stretched=1,
        crowded=1,
        dimers=1,
        scan=2,
        temperatures_kelvin=(300.0,),
        steps_between=1,
    ),
    training=TrainingPlan(epochs=1, batch_size=16),
    molecules=("water",),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "frames.npz"
    return path, load_or_make_frames(path, TINY_RECIPE, workers=1)


def test_data_are_made_once(data, monkeypatch):
    path, frames = data
    monkeypatch.setattr(recipe_module, "make_frames", None)

    again = load_or_make_frames(path, TINY_RECIPE, workers=1)

    assert [frame.energy_ev for frame in again] == [frame.energy_ev for frame in frames]
    assert json.loads(path.with_suffix(".json").read_text())["seed"] == TINY_RECIPE.data_seed


def test_data_of_another_recipe_are_refused(data):
    path, _ = data
    before = path.read_bytes()

    with pytest.raises(ConfigError, match="made by another recipe") as caught:
        load_or_make_frames(path, QUICK_RECIPE, workers=1)

    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_data_of_unknown_origin_are_refused(data, tmp_path):
    path = tmp_path / "frames.npz"
    path.write_bytes(data[0].read_bytes())

    with pytest.raises(ConfigError, match="made by another recipe"):
        load_or_make_frames(path, TINY_RECIPE, workers=1)


def test_damaged_data_are_refused(data, tmp_path):
    path = tmp_path / "frames.npz"
    path.write_bytes(data[0].read_bytes()[:-50])
    path.with_suffix(".json").write_text(data[0].with_suffix(".json").read_text())

    with pytest.raises(CheckpointError, match="delete it to generate the data again"):
        load_or_make_frames(path, TINY_RECIPE, workers=1)


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(recipe_module, "make_frames", None)

    with pytest.raises(RunDirectoryError, match="cannot write"):
        load_or_make_frames(tmp_path / "file" / "frames.npz", TINY_RECIPE, workers=1)


def test_what_is_returned_is_what_the_file_says(data, tmp_path):
    _, frames = data

    record = build_student("ultra-tiny", frames, TINY_RECIPE, tmp_path / "new")
    read = read_student_record(tmp_path / "new" / "ultra-tiny.safetensors")

    assert read == record
    assert read.config == SIZES["ultra-tiny"]
    assert read.data["training_frames"] + read.data["held_out_frames"] == len(frames)
    assert sum(read.data["kinds"].values()) == read.data["training_frames"]
    assert set(read.held_out) == {"water/thermal_300K"}
    assert read.training["epochs"] == 1
    assert set(read.versions) == {"torch", "numpy", "ase", "tblite"}


def test_unknown_students_are_refused_before_the_work(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'ultra-tiny'"):
        build_student("ultratiny", [], TINY_RECIPE, tmp_path / "new")

    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", list(SIZES))
def test_the_three_students_are_known(name):
    check_name(name)

    assert SIZES[name].elements == (1, 6, 7, 8)


def test_all_cores_work():
    assert default_workers() >= 1


@pytest.fixture(scope="module")
def rounds_recipe():
    plan = replace(
        TINY_RECIPE.sampling,
        flexible=2,
        flexible_temperatures_kelvin=(300.0,),
        torsion_step_degrees=120.0,
        conformers=1,
    )
    return replace(
        TINY_RECIPE,
        sampling=plan,
        molecules=("water", "ethanol"),
        refinement=TrainingPlan(epochs=1, batch_size=16, learning_rate=1e-4),
    )


@pytest.fixture(scope="module")
def rounds_frames(rounds_recipe, tmp_path_factory):
    path = tmp_path_factory.mktemp("rounds") / "frames.npz"
    return load_or_make_frames(path, rounds_recipe, workers=1)


@pytest.fixture
def counted(monkeypatch):
    """Note what each round is given, without training."""

    class Rounds(list):
        learns = True

    rounds = Rounds()

    def counting(model, training, schedule, *, seed, **_):
        rounds.append((len(training), schedule, seed))
        rounds.learns &= all(weights.requires_grad for weights in model.parameters())
        return model

    monkeypatch.setattr(recipe_module, "train_student", counting)
    monkeypatch.setattr(last_rounds, "train_student", counting)
    return rounds


def test_only_the_largest_student_gets_the_second_round(
    counted, rounds_recipe, rounds_frames, tmp_path
):
    tiny = build_student("tiny", rounds_frames, rounds_recipe, tmp_path)
    original = build_student("original", rounds_frames, rounds_recipe, tmp_path)

    assert len(counted) == 4 + 5
    first, second = counted[4][0], counted[5][0]
    assert counted[0][0] == first
    assert second == first + 2
    assert counted[5][1].learning_rate == 1e-4
    assert "refinement" not in tiny.training
    assert original.training["refinement"]["learning_rate"] == 1e-4
    assert tiny.data["kinds"]["refinement_300K"] == 1
    assert original.data["kinds"]["refinement_300K"] == 2


def test_the_last_rounds_are_the_turned_bonds(counted, rounds_recipe, rounds_frames, tmp_path):
    record = build_student("ultra-tiny", rounds_frames, rounds_recipe, tmp_path)

    kinds, held_out = record.data["kinds"], record.held_out
    assert kinds["torsion"] + held_out["ethanol/torsion"]["frames"] == 36
    assert kinds["conformer"] > 0
    turned = kinds["torsion"] + kinds["conformer"]
    for (count, plan, seed), kind in zip(
        counted[1:], ("torsion", "levelling", "polishing"), strict=True
    ):
        told = record.training[kind]
        assert told["frames"] == count > turned
        assert told["learning_rate"] == plan.learning_rate
        assert told["seed"] == seed
    assert [seed for _, _, seed in counted] == [7, 9, 10, 11]
    assert counted[2][0] < counted[1][0] == counted[3][0]


def test_where_no_bond_turns_there_are_no_last_rounds(counted, data, tmp_path):
    record = build_student("tiny", data[1], TINY_RECIPE, tmp_path)

    assert len(counted) == 1
    assert "torsion" not in record.training


def test_the_last_rounds_go_on_from_earlier_weights(
    counted, rounds_recipe, rounds_frames, tmp_path
):
    first = build_student("tiny", rounds_frames, rounds_recipe, tmp_path / "first")
    earlier = tmp_path / "first" / "tiny.safetensors"
    counted.clear()

    record = build_student(
        "tiny", rounds_frames, rounds_recipe, tmp_path / "second", earlier=earlier
    )

    assert [seed for _, _, seed in counted] == [9, 10, 11]
    assert counted.learns
    assert record.training["epochs"] == first.training["epochs"]
    assert "earlier weights" in record.training["note"]
    assert record.held_out["water/thermal_300K"]["frames"] == 1
    assert (
        record.held_out["water/thermal_300K"]["force_rmse_ev_per_angstrom"]
        != first.held_out["water/thermal_300K"]["force_rmse_ev_per_angstrom"]
    )
    with pytest.raises(ConfigError, match="of another size than original"):
        build_student("original", rounds_frames, rounds_recipe, tmp_path / "third", earlier=earlier)
