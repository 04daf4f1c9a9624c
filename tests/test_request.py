"""A request refuses what it cannot mean, goes through JSON, and gives its own command line."""

import inspect
import shlex

import pytest
from typer.main import get_command

import openmm_mlff as mlff
from openmm_mlff.config import load_protocol
from openmm_mlff.errors import ConfigError, PotentialError
from openmm_mlff.options import PotentialOptions
from openmm_mlff.pipeline.preparing import prepare
from openmm_mlff.pipeline.protocol import resolve_protocol
from openmm_mlff.request import ValidationRequest, request_from, settings

LEAVING = """
import sys
from ase.calculators.calculator import Calculator
sys.exit(0)
"""
ALL_SETTINGS = {
    "systems": ("water", "my mol.sdf"),
    "protocol": "quick",
    "reference": "none:no teacher",
    "platform": "CPU",
    "precision": "double",
    "seed": 3,
    "temperature_kelvin": 400.0,
    "timestep_fs": 0.25,
    "duration_ps": 12.5,
    "replicas": 2,
    "charge": -1,
    "multiplicity": 2,
    "plugins": ("own.py",),
    "names": ("first", "second"),
    "add_hydrogens": True,
    "own_calculator": "ase:own:Calculator",
    "committee": ("second.pt", "third.pt"),
    "second_reference": "ase:other:Calculator",
    "options": {
        "backend": "python",
        "compiled": True,
        "contract": "positions",
        "energy_unit": "eV",
        "length_unit": "angstrom",
        "parameters": {"lambda": 0.5, "b": -1.0},
        "ml_atoms": "resname LIG",
        "forcefield": ("amber14-all.xml", "tip3p.xml"),
        "constraints": "hbonds",
        "hydrogen_mass_amu": 1.5,
        "implicit_solvent": "OBC2",
    },
}


def test_it_comes_back_from_json(tmp_path):
    request = ValidationRequest(potential="m.pt", output=tmp_path, **ALL_SETTINGS)
    assert ValidationRequest.model_validate(request.model_dump(mode="json")) == request


def test_every_setting_is_described_and_tested_here():
    decisive = {one.path[0] for one in settings() if one.option.decides}
    assert decisive == set(ALL_SETTINGS)
    options = {one.path[1] for one in settings() if one.path[0] == "options"}
    assert options == set(ALL_SETTINGS["options"])
    fields = (*ValidationRequest.model_fields.values(), *PotentialOptions.model_fields.values())
    assert all(field.description for field in fields)


def test_its_command_line_asks_for_the_same(tmp_path, monkeypatch):
    from openmm_mlff.cli.app import app
    from openmm_mlff.pipeline import opening

    for system in (name for name in ALL_SETTINGS["systems"] if "." in name):
        (tmp_path / system).touch()
    (tmp_path / "my model.pt").touch()
    monkeypatch.chdir(tmp_path)
    request = ValidationRequest(potential="my model.pt", **ALL_SETTINGS)
    found = []

    def opened(asked):
        found.append(asked)
        raise ConfigError("enough")

    monkeypatch.setattr(opening, "open_validation", opened)
    words = shlex.split(request.to_command())
    assert words[:2] == ["openmm-mlff", "validate"]
    with pytest.raises(ConfigError, match="enough"):
        get_command(app).main(args=words[1:], standalone_mode=False)
    assert found == [request]


def test_the_command_names_what_decides_and_no_folder(tmp_path):
    request = ValidationRequest(potential="a.pt", output=tmp_path, resume=True, jobs=2)
    assert shlex.split(request.to_command())[2:] == [
        "a.pt",
        *("--system", "water", "--system", "methane", "--system", "alanine"),
        *("--protocol", "standard", "--reference", "auto", "--seed", "1"),
    ]
    assert request.sha256 == ValidationRequest(potential="a.pt").sha256
    assert request.sha256 != ValidationRequest(potential="a.pt", seed=2).sha256


def test_the_keywords_of_validate_are_the_settings():
    parameters = inspect.signature(mlff.validate).parameters
    assert next(iter(parameters)) == "potential"
    assert set(parameters) - {"on_progress"} == set(ValidationRequest.model_fields)
    others = [one for name, one in parameters.items() if name != "potential"]
    assert all(one.kind is one.KEYWORD_ONLY for one in others)
    assert all(f"{name}: " in mlff.validate.__doc__ for name in parameters)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"temprature_kelvin": 3.0}, "did you mean 'temperature_kelvin'"),
        ({"options": {"unit": "eV"}}, "did you mean 'length_unit'"),
        ({"temperature_kelvin": -5.0}, "--temperature -5"),
        ({"temperature_kelvin": float("nan")}, "--temperature nan"),
        ({"timestep_fs": 0.0}, "--timestep 0"),
        ({"duration_ps": 0.0}, "--duration 0"),
        ({"replicas": 0}, "--replicas 0"),
        ({"seed": -1}, "--seed -1"),
        ({"seed": 2**31}, "--seed 2147483648"),
        ({"precision": "half"}, "--precision half"),
        ({"options": {"backend": "nonsense"}}, "--backend nonsense"),
        ({"options": {"constraints": "all"}}, "--constraints all"),
        ({"options": {"parameters": ["lambda"]}}, "--parameter: lambda"),
        ({"options": {"parameters": ["a=1", "a=2"]}}, "--parameter: 'a'"),
        ({"options": {"compiled": True}}, "--backend python"),
        ({"options": {"ml_atoms": "all"}}, "without --forcefield"),
        ({"options": {"forcefield": ["x.xml"]}}, "without --ml-atoms"),
        ({"options": {"hydrogen_mass_amu": 1.5}}, "--hydrogen-mass"),
        ({"options": {"implicit_solvent": "GBn2"}}, "--implicit-solvent"),
    ],
)
def test_what_it_cannot_mean_is_refused(given, expected):
    with pytest.raises(ConfigError) as refused:
        request_from({"potential": "a.pt", **given})
    assert expected in str(refused.value)


def test_values_of_parameters_come_from_text_or_a_table():
    given = {"parameters": ["lambda=0.5", " b = -1 "]}
    request = request_from({"potential": "a.pt", "options": given})
    assert request.options.parameters == {"lambda": 0.5, "b": -1.0}


def test_conditions_replace_those_of_the_protocol():
    plain = load_protocol("standard")
    request = ValidationRequest(
        potential="a", temperature_kelvin=400, timestep_fs=0.25, duration_ps=25, replicas=4
    )
    protocol = resolve_protocol(request)
    dynamics = protocol.dynamics
    assert dynamics.temperatures_kelvin == (400.0,)
    assert dynamics.timesteps_fs == (0.25,)
    assert dynamics.equilibration_timestep_fs == 0.25
    assert (dynamics.duration_ps, dynamics.longest_ps) == (25.0, 50.0)
    assert dynamics.replicas == 4
    assert protocol.name == "standard at 400 K, 0.25 fs, 25 ps"
    assert protocol.may_approve
    assert protocol.criteria == plain.criteria
    assert resolve_protocol(ValidationRequest(potential="a")) == plain


def test_a_larger_timestep_leaves_the_equilibration_and_shorter_runs_approve_nothing():
    larger = resolve_protocol(ValidationRequest(potential="a", timestep_fs=2.0))
    assert larger.dynamics.equilibration_timestep_fs == 0.5
    assert not resolve_protocol(ValidationRequest(potential="a", duration_ps=1.0)).may_approve


def test_a_module_that_leaves_takes_no_exit_code_with_it(tmp_path, monkeypatch):
    (tmp_path / "leaving_module.py").write_text(LEAVING, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    request = ValidationRequest(
        potential="ase:leaving_module:C", systems=("water",), output=tmp_path / "out"
    )
    with pytest.raises(PotentialError, match="SystemExit"):
        prepare(request)
