"""A protocol short enough for tests, and a small student with random weights."""

import json
import sys
from urllib.parse import urlencode

import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.students.checkpoint import StudentRecord, save_student
from openmm_mlff.students.painn import PaiNN, PaiNNConfig

from .hostile import CALCULATOR

SHORT_PROTOCOL = """
extends = "quick"
name = "short"
[dynamics]
equilibration_ps = 0.02
duration_ps = 0.05
longest_ps = 0.05
frame_interval_steps = 10
[probes]
geometries = 2
repeats = 3
parity_steps = 5
reference_frames = 4
sampling_ps = 0.1
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
"""


@pytest.fixture(scope="session")
def short_protocol(tmp_path_factory):
    path = tmp_path_factory.mktemp("protocol") / "short.toml"
    batch = "[dynamics]\ntemperatures_kelvin = [200.0, 300.0]\nreplicas = 2"
    path.write_text(SHORT_PROTOCOL.replace("[dynamics]", batch), encoding="utf-8")
    return str(path)


@pytest.fixture
def brief_protocol(tmp_path):
    """A function that writes the short protocol with a few checks, and gives its path."""

    def write(*required):
        path = tmp_path / "brief.toml"
        checks = f"required = {json.dumps(required)}\nreported = []\n[dynamics]"
        path.write_text(SHORT_PROTOCOL.replace("[dynamics]", checks), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def random_student(tmp_path):
    """A checkpoint whose molecules do not hold together: nothing has taught it to bind."""
    torch.manual_seed(3)
    config = PaiNNConfig(features=8, interactions=2, basis=6)
    path = tmp_path / "random.safetensors"
    save_student(PaiNN(config), StudentRecord(name="random", config=config), path)
    return str(path)


@pytest.fixture
def calculator(tmp_path, monkeypatch):
    """A function that gives the spec string of a calculator with these deeds."""
    (tmp_path / "hostile_calculator.py").write_text(CALCULATOR, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield lambda **deeds: f"ase:hostile_calculator:Hostile?{urlencode(deeds)}"
    sys.modules.pop("hostile_calculator", None)


@pytest.fixture
def other(tmp_path):
    """Hydrogen sulphide with the positions of water."""
    molecule = load_system("water").to_ase()
    molecule.numbers[0] = 16
    molecule.write(tmp_path / "other.xyz")
    return str(tmp_path / "other.xyz")
