"""What a campaign's file may say, and what is said of what it may not."""

import pytest

from openmm_mlff.campaign.spec import CampaignSpec, load_spec
from openmm_mlff.errors import ConfigError

SMALLEST = 'models = ["student:tiny"]\nsystems = ["water"]\n'


def written(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_file_takes_defaults_and_the_name_of_the_file(tmp_path):
    spec = load_spec(written(tmp_path, SMALLEST))
    assert (spec.name, str(spec.folder)) == ("mine", "runs/mine")
    assert (spec.protocol, spec.seeds, spec.reference) == ("standard", (1,), "auto")
    assert (spec.cluster.kind, spec.cluster.workers, spec.cluster.gpu) == ("local", None, False)
    assert spec.temperatures_kelvin is None


def test_a_model_may_have_a_label_and_options(tmp_path):
    text = """
systems = ["water"]
models = ["a.pt", { spec = "b.pt", label = "b, compiled", options = { backend = "python" } }]
"""
    spec = load_spec(written(tmp_path, text))
    assert spec.labels == ["a.pt", "b, compiled"]
    assert [model.options.backend for model in spec.models] == ["torchforce", "python"]


def test_a_specification_survives_json(asked):
    spec = asked(temperatures_kelvin=[300], cluster={"kind": "pbs", "workers": 3})
    assert CampaignSpec.model_validate(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"model": ["x"]}, "'model'.*'models'"),
        ({"cluster": {"queu": "x"}}, "'cluster.queu'.*'queue'"),
        ({"models": [{"spce": "x"}]}, "models.0.sp"),
        ({"models": [{"spec": "x", "options": {"backnd": "x"}}]}, r"0.options.backnd'.*'backend'"),
        ({"models": []}, "models: .* 1 item"),
        ({"models": "student:tiny"}, r"models: .* \(got 'student:tiny'\)"),
        ({"systems": ["water", "water"]}, "systems"),
        ({"models": ["a", "a"]}, "label"),
        ({"seeds": []}, "seeds: .* 1 item"),
        ({"seeds": [1.5]}, r"seeds.0: .* \(got 1.5\)"),
        ({"temperatures_kelvin": [300, -1]}, "temperatures_kelvin.1: .* 0"),
        ({"timesteps_fs": [float("inf")]}, "timesteps_fs.0: .*finite"),
        ({"precision": "half"}, "precision: .*'mixed'"),
        ({"name": "../out"}, "name: "),
        ({"cluster": {"kind": "slurm"}}, "workers .*slurm"),
        ({"cluster": {"kind": "sge"}}, "cluster.kind: .*'slurm'"),
        ({"cluster": {"walltime": "soon"}}, "cluster.walltime: .*hours"),
        ({"cluster": {"workers": 0}}, "cluster.workers: .* 1"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(asked, table, said):
    with pytest.raises(ConfigError, match=said) as error:
        asked(**table)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("missing", ["models", "systems"])
def test_what_is_missing_is_said_with_an_example(tmp_path, missing):
    lines = [line for line in SMALLEST.splitlines() if not line.startswith(missing)]
    with pytest.raises(ConfigError, match=f"{missing} is missing; expected .* {missing} ="):
        load_spec(written(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize("text", ["models = [", "\x00", "= 3", None])
def test_what_is_no_toml_or_not_there_is_refused(tmp_path, text):
    path = tmp_path / "absent.toml" if text is None else written(tmp_path, text)
    with pytest.raises(ConfigError, match=path.name):
        load_spec(path)
