"""Which runs a campaign consists of, and what the address of one depends on."""

import sys
from pathlib import Path

import pytest

from openmm_mlff.campaign.plan import expand
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.errors import ConfigError, MoleculeError
from openmm_mlff.storage.files import write_text
from openmm_mlff.students.shipped import shipped_path

XYZ = "3\nwater\nO 0 0 0\nH 0.76 0.59 0\nH -0.76 0.59 0\n"


def addresses(spec):
    return [cell.address for cell in expand(spec)]


def test_every_model_comes_before_the_next_system_condition_and_seed(asked):
    cells = expand(
        asked(
            models=["student:tiny", "student:ultra-tiny"],
            systems=["water", "methane"],
            temperatures_kelvin=[300, 400],
            timesteps_fs=[0.5, 1],
            seeds=[1, 2],
        )
    )
    assert len(cells) == len({cell.address for cell in cells}) == 2 * 2 * 2 * 2 * 2
    assert [cell.request.potential for cell in cells[:2]] == ["student:tiny", "student:ultra-tiny"]
    assert [cell.system for cell in cells[:4]] == ["water", "water", "methane", "methane"]
    assert [cell.condition for cell in cells[0:16:4]] == [
        "300 K, 0.5 fs",
        "300 K, 1 fs",
        "400 K, 0.5 fs",
        "400 K, 1 fs",
    ]
    assert [cell.request.seed for cell in cells] == [1] * 16 + [2] * 16
    assert cells[4].protocol.dynamics.temperatures_kelvin == (300.0,)


def test_conditions_are_those_of_the_protocol_unless_asked_for(asked):
    (cell,) = expand(asked(protocol="extended"))
    assert cell.condition == "100/300/500 K, 0.5/1/2 fs"
    assert addresses(asked(protocol="standard")) == addresses(
        asked(protocol="standard", temperatures_kelvin=[300], timesteps_fs=[0.5])
    )


@pytest.mark.parametrize(
    "other",
    [
        {"models": ["student:tiny"]},
        {"models": [{"spec": "student:ultra-tiny", "options": {"backend": "python"}}]},
        {"systems": ["methane"]},
        {"protocol": "standard"},
        {"temperatures_kelvin": [301]},
        {"timesteps_fs": [0.25]},
        {"seeds": [2]},
        {"reference": "ase:ase.calculators.emt:EMT"},
        {"platform": "CPU"},
        {"precision": "double"},
    ],
)
def test_whatever_decides_the_result_is_in_the_address(asked, other):
    one = {"protocol": "quick"}
    assert addresses(asked(**one)) != addresses(asked(**(one | other)))


def test_names_and_places_are_not(asked):
    plain = addresses(asked())
    labelled = [{"spec": "student:ultra-tiny", "label": "mine"}]
    assert addresses(asked(models=labelled)) == plain
    assert addresses(asked(name="other", output="elsewhere", cluster={"workers": 9})) == plain


def test_a_file_is_known_by_its_content(asked, tmp_path):
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(shipped_path("ultra-tiny").read_bytes())
    assert addresses(asked(models=[str(copy)])) == addresses(asked(models=["student:ultra-tiny"]))
    paths = []
    for name in ("a", "b"):
        paths.append(tmp_path / name / "water.xyz")
        write_text(paths[-1], XYZ)
    first, second = (addresses(asked(systems=[str(path)])) for path in paths)
    assert first == second
    write_text(paths[1], XYZ.replace("0.59", "0.58"))
    assert addresses(asked(systems=[str(paths[1])])) != first


def test_new_versions_of_what_runs_it_give_new_addresses(asked, monkeypatch):
    from openmm_mlff.campaign import plan

    before = addresses(asked())
    monkeypatch.setattr(plan, "installed_versions", lambda: {"openmm": "of tomorrow"})
    assert addresses(asked()) != before


def test_a_broken_model_keeps_its_cells_and_the_others(asked):
    cells = expand(asked(models=["absent.pt", "student:tiny"]))
    assert [bool(cell.problem) for cell in cells] == [True, False]


@pytest.mark.parametrize(
    ("table", "error", "said"),
    [
        ({"systems": ["watr"]}, MoleculeError, "did you mean"),
        ({"protocol": "standrd"}, ConfigError, "did you mean"),
        ({"models": ["a.pt"]}, ConfigError, r"a\.pt"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_runs(asked, table, error, said):
    with pytest.raises(error, match=said):
        expand(asked(**table))


def test_the_default_reference_is_each_models_own_teacher(asked, monkeypatch):
    calculator = "ase:ase.calculators.emt:EMT"
    both = {"models": ["student:ultra-tiny", calculator]}
    student, emt = addresses(asked(**both, reference="auto"))
    assert (student, emt) == (
        *addresses(asked(models=both["models"][:1], reference=GFN2_XTB)),
        *addresses(asked(models=[calculator], reference="none")),
    )
    monkeypatch.setitem(sys.modules, "tblite.ase", None)
    assert addresses(asked(**both, reference="auto")) == addresses(asked(**both, reference="none"))


def test_rows_are_plain(asked):
    (cell,) = expand(asked())
    assert cell.row() == {
        "address": cell.address,
        "model": "student:ultra-tiny",
        "system": "water",
        "condition": "300 K, 0.5 fs",
        "seed": 1,
        "problem": "",
    }
    assert Path(cell.address).name == cell.address
