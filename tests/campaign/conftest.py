"""Campaigns: tiny ones that run, and made-up ones that only look run."""

import os
import signal
from pathlib import Path

import pytest

from openmm_mlff.campaign import cluster
from openmm_mlff.campaign.plan import expand
from openmm_mlff.campaign.session import left_to_do, open_store, run_session
from openmm_mlff.campaign.spec import parse_spec
from openmm_mlff.campaign.states import read_states
from openmm_mlff.campaign.store import DONE, AttemptRecord
from openmm_mlff.results import CheckResult, ModelRecord, Status, ValidationReport, VerdictStatus
from openmm_mlff.storage.files import write_text

from ..springs import write_torchscript

PROTOCOL = """\
extends = "quick"
name = "tiny"
required = ["stability", "energy_drift", "speed"]
reported = []

[dynamics]
equilibration_ps = 0.05
duration_ps = {duration_ps}
longest_ps = {duration_ps}
[probes]
sampling_ps = 0.05
thermostats_ps = 0.05
ensemble_ps = 0.01
ensemble_runs = 2
"""

CHECKS = {
    "force_accuracy": ("eV/Å", 0.1),
    "energy_drift": ("meV/atom/ps", 0.02),
    "speed": ("ms/step", 2.0),
}


@pytest.fixture
def protocol(tmp_path):
    """A function that writes a protocol of so many picoseconds and gives its path."""

    def write(*, duration_ps: float = 0.05) -> str:
        path = tmp_path / "tiny.toml"
        path.write_text(PROTOCOL.format(duration_ps=duration_ps), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def asked():
    """A function that makes a campaign's specification of what is given."""

    def make(**table):
        known = {
            "name": "tests",
            "models": ["student:ultra-tiny"],
            "systems": ["water"],
            "reference": "none",
            "platform": "Reference",
        }
        return parse_spec(known | table, origin="test")

    return make


@pytest.fixture(scope="session")
def springs(tmp_path_factory):
    """The path of a model that takes half a millisecond a step."""
    return write_torchscript(tmp_path_factory.mktemp("model"))


@pytest.fixture
def campaign(tmp_path, asked, protocol, springs):
    """A function that gives specification, cells and store of a campaign that can be run."""

    def make(*, duration_ps: float = 0.05, root: Path | None = None, **table):
        table = {"models": [springs]} | table
        spec = asked(protocol=protocol(duration_ps=duration_ps), **table)
        cells = expand(spec)
        return spec, cells, open_store(spec, cells, root=root or tmp_path / "out")

    return make


@pytest.fixture
def finish(make_verdict):
    """A function that writes the result and the report of a run that never was."""

    def write(store, address, *, verdict="APPROVED", label=None, values=(), failed=()):
        AttemptRecord(store.cell(address)).end()
        reasons = [f"because of {name}" for name in failed] or ["all is well"]
        report = ValidationReport(
            model=ModelRecord(spec="m", name="m", sha256="0", n_parameters=7),
            protocol={"name": "tiny"},
            environment={},
            systems=("water",),
            checks=tuple(_check(name, dict(values), failed=name in failed) for name in CHECKS),
            verdict=make_verdict(VerdictStatus(verdict), label=label, reasons=tuple(reasons)),
        )
        write_text(store.run(address) / "report.json", report.to_json())
        write_text(store.run(address) / "report.md", "# report")
        found = {"verdict": verdict, "label": report.verdict.label, "reasons": reasons}
        store.write_result(address, {"status": DONE, **found})

    return write


def _check(name, values, *, failed):
    unit, value = CHECKS[name]
    return CheckResult(
        id=name,
        group="dynamics",
        system="water",
        condition={"temperature_kelvin": 300.0, "timestep_fs": 0.5},
        status=Status.FAIL if failed else Status.PASS,
        value=values.get(name, value),
        unit=unit,
        threshold=1.0,
        message=f"because of {name}",
    )


@pytest.fixture
def run_with_a_kill(monkeypatch):
    """A function that runs a campaign, kills a worker in a trajectory, and gives the address."""
    monkeypatch.setattr(cluster, "POLL_SECONDS", 0.1)

    def run(spec, cells, store):
        killed = []

        def kill(done, total, words):
            for state in () if killed else read_states(store):
                # A state was saved, and the run has no result: it is lost in the middle.
                saved = list(store.run(state.address).glob("*/nve*/state.xml"))
                if state.state == "begun" and saved:
                    os.kill(int(state.attempts[-1].worker.rpartition("-")[2]), signal.SIGKILL)
                    killed.append(state.address)
                    return

        run_session(spec, left_to_do(cells, store), store, on_progress=kill)
        return killed

    return run
