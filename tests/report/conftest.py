"""Reports and evidence made of NumPy arrays; figures are recorded for inspection."""

import base64
import gzip
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rich.cells import cell_len
from rich.console import Console

from openmm_mlff.molecules import load_system
from openmm_mlff.report import drawing, figure_files
from openmm_mlff.results import CheckResult, ModelRecord, Status, ValidationReport, VerdictStatus
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.storage.runs import (
    EnergySeries,
    Evidence,
    MomentumSeries,
    Run,
    RunCondition,
    TrajectorySeries,
)
from openmm_mlff.storage.shared import Labels
from openmm_mlff.storage.typed import to_tables

CONDITION = RunCondition(ensemble="nve", temperature_kelvin=300.0, timestep_fs=0.5)
HOT = replace(CONDITION, temperature_kelvin=500.0)
DPI = 300


def of_kind(panel, kind):
    """The marks of one kind."""
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def with_run(evidence, **fields):
    """Evidence with other fields of its run; a dictionary holds fields of a series."""
    (run,) = evidence.runs
    values = {
        name: replace(getattr(run, name), **value) if isinstance(value, dict) else value
        for name, value in fields.items()
    }
    return replace(evidence, runs=(replace(run, **values),))


def stored(name, record, **arrays):
    """A measurement with a record; arrays replace those of the record."""
    data, found = to_tables(record)
    return Measurement(name, "done", data=data, arrays=found | arrays)


def with_record(evidence, name, record, **arrays):
    """Evidence with one stored record, without runs; arrays replace those of the record."""
    return replace(evidence, measurements={name: stored(name, record, **arrays)}, condition=None)


def unpacked(page, name):
    """The data of a page under an id."""
    (packed,) = re.findall(rf'id="{name}-data">([^<]*)<', page)
    return json.loads(gzip.decompress(base64.b64decode(packed)))


@pytest.fixture(autouse=True)
def _coarse(request, monkeypatch):
    """Draw coarsely, which is fast, where a test does not measure the file."""
    if "png_inches" not in request.fixturenames:
        monkeypatch.setattr(drawing, "DPI", 50)


@pytest.fixture(scope="session")
def make_run():
    """Make a healthy run of 1 ps, 200 rows and 100 frames, unless fields are given."""

    def make(system, *, seed=1, **fields) -> Run:
        rng = np.random.default_rng(seed)
        time_ps = 0.005 * np.arange(1, 201)
        bonds = np.array(system.bonds).reshape(-1, 2)
        starts = np.linalg.norm(np.diff(system.positions_angstrom[bonds], axis=1)[:, 0], axis=1)
        total_ev = -100.0 + 1e-4 * rng.normal(size=200)
        kinetic_ev = 0.1 + 0.01 * rng.normal(size=200)
        run = Run(
            name="nve_300K_0.5fs_r0",
            condition=CONDITION,
            replica=0,
            requested_ps=1.0,
            completed_ps=1.0,
            energies=EnergySeries(
                time_ps, total_ev - kinetic_ev, kinetic_ev, total_ev, 3000.0 * kinetic_ev
            ),
            momenta=MomentumSeries(time_ps, np.zeros((200, 3)), np.zeros((200, 3)), np.ones(200)),
            trajectory=TrajectorySeries(
                0.01 * np.arange(1, 101),
                np.repeat(system.positions_angstrom[None], 100, axis=0),
                0.1 + 0.01 * rng.normal(size=100),
                1.5 + 0.01 * rng.normal(size=100),
                starts + 0.02 * rng.normal(size=(100, len(bonds))),
                np.ones(100, dtype=int),
                np.ones(100),
            ),
            platform="Reference",
        )
        return replace(run, **fields)

    return make


@pytest.fixture(scope="session")
def make_labels():
    """Make the stored labels of frames, of which the reference refused two more."""

    def make(system, *, model_forces, reference_forces) -> Measurement:
        n_frames = len(model_forces)
        record = Labels(
            reference="xtb",
            run="nve_300K_0.5fs_r0",
            frames_of="the potential",
            symbols=system.symbols,
            requested=n_frames + 2,
            refused=2,
            positions_angstrom=np.repeat(system.positions_angstrom[None], n_frames, axis=0),
            time_ps=np.arange(n_frames, dtype=float),
            model_energies_ev=np.zeros(n_frames),
            model_forces=model_forces,
            reference_energies_ev=np.zeros(n_frames),
            reference_forces=reference_forces,
        )
        return stored("reference_labels", record)

    return make


@pytest.fixture(scope="session")
def make_observations(make_run, make_labels):
    """Make the evidence of one healthy run of a molecule and reference forces on 20 frames."""

    def make(name="water", **fields) -> Evidence:
        system = load_system(name)
        rng = np.random.default_rng(3)
        reference = rng.normal(size=(20, system.n_atoms, 3))
        model = reference + 0.03 * rng.normal(size=reference.shape)
        labels = make_labels(system, model_forces=model, reference_forces=reference)
        evidence = Evidence(
            system, (make_run(system),), CONDITION, measurements={labels.name: labels}
        )
        return replace(evidence, **fields)

    return make


@pytest.fixture(scope="session")
def make_result():
    """Make the result of a passed check, unless fields are given."""

    def make(check_id="energy_drift", **fields) -> CheckResult:
        values = {
            "id": check_id,
            "group": "dynamics",
            "system": "water",
            "status": Status.PASS,
            "message": f"{check_id} was found to be good.",
        }
        return CheckResult(**(values | fields))

    return make


@pytest.fixture(scope="session")
def make_checks(make_result):
    """Make one result of each key check; fields by check id replace those of its result."""
    at = {"condition": CONDITION.as_dict()}
    accuracy = {"group": "accuracy"}
    drift = {
        "slope_mev_per_atom_per_ps": -0.0123,
        "interval_mev_per_atom_per_ps": 0.0045,
        "sigma_total_mev_per_atom": 0.13,
    }
    forces = {
        "mae_ev_per_angstrom": 0.021,
        "r2": 0.9987,
        "angle_median_degrees": 1.7,
        "per_element": {"H": 0.031, "O": 0.042},
    }
    table = {
        "stability": (10.0, "ps", 10.0, at),
        "energy_drift": (0.0123, "meV/atom/ps", 0.1, at | {"evidence": drift}),
        "drift_percent": (0.5, "%", None, at | {"required": False}),
        "force_accuracy": (0.0345, "eV/Å", 0.2, accuracy | {"evidence": forces}),
        "energy_accuracy": (1.5, "meV/atom", None, accuracy),
        "speed": (1.84, "ms/step", 100.0, at | {"group": "performance"}),
    }

    def make(system="water", **changes) -> list[CheckResult]:
        return [
            make_result(
                check_id,
                system=system,
                **{"value": value, "unit": unit, "threshold": threshold}
                | more
                | changes.get(check_id, {}),
            )
            for check_id, (value, unit, threshold, more) in table.items()
        ]

    return make


@pytest.fixture(scope="session")
def key_checks(make_checks):
    """The results of the key checks on water, by id."""
    return {result.id: result for result in make_checks()}


@pytest.fixture(scope="session")
def make_report(make_checks, make_verdict):
    """Make a report on water, approved unless fields are given."""

    def make(
        *,
        status=VerdictStatus.APPROVED,
        name="tiny",
        systems=("water",),
        checks=None,
        n_parameters=77_001,
        sha256="0123456789abcdef",
        **verdict,
    ) -> ValidationReport:
        if checks is None:
            checks = [result for system in systems for result in make_checks(system)]
        return ValidationReport(
            model=ModelRecord(
                spec=f"student:{name}", name=name, sha256=sha256, n_parameters=n_parameters
            ),
            protocol={"name": "standard", "criteria": {}, "dynamics": {"duration_ps": 10.0}},
            environment={"openmm": "8.6.1", "hardware": {"cores": 2}},
            systems=systems,
            checks=tuple(checks),
            verdict=make_verdict(
                status, **{"next_step": "Run the extended protocol.", "systems": systems} | verdict
            ),
        )

    return make


@pytest.fixture(scope="session")
def old_and_new(make_report, make_checks):
    """An approved report and one that was rejected for its forces."""
    worse = make_checks(force_accuracy={"status": Status.FAIL, "value": 0.5})
    return [
        make_report(name="old"),
        make_report(name="new", checks=worse, status=VerdictStatus.REJECTED),
    ]


@pytest.fixture(scope="session")
def printed():
    """Return what a renderer prints into a pipe of some width, which it must not exceed."""

    def call(render, *args, width=100, fits=True, terminal=None, **options):
        stream = io.StringIO()
        render(*args, console=Console(file=stream, width=width, **(terminal or {})), **options)
        lines = stream.getvalue().splitlines()
        assert not fits or max(map(cell_len, lines), default=0) <= width
        return stream.getvalue()

    return call


@pytest.fixture
def figures(monkeypatch):
    """The figures that were drawn, as matplotlib objects."""
    drawn = []

    class Recording(figure_files.FigureCanvasAgg):
        def __init__(self, figure):
            super().__init__(figure)
            drawn.append(figure)

    monkeypatch.setattr(figure_files, "FigureCanvasAgg", Recording)
    return drawn


@pytest.fixture
def png_inches():
    """Return width and height of a PNG, which must be complete and not blank."""

    def measure(path):
        with Image.open(path) as image:
            image.verify()
        with Image.open(path) as image:
            assert image.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
            assert len(image.convert("L").getcolors()) > 10
            return image.width / DPI, image.height / DPI

    return measure


@pytest.fixture(scope="session")
def make_benchmark():
    """Make a benchmark of two models on two systems by one backend, unless fields are given."""

    def spread(median):
        return {"median": median, "p25": 0.9 * median, "p75": 1.2 * median}

    def entry(model, system, factor):
        return {
            "model": model,
            "backend": "torchforce",
            "fastest": True,
            "n_parameters": 427_001,
            "system": system,
            "platform": "Reference",
            "precision": "mixed",
            "threads": 2,
            "threads_chosen": True,
            "openmm_ms_per_step": spread(2.0 * factor),
            "reporters_ms_per_step": spread(2.5 * factor),
            "ase_ms_per_step": spread(3.0 * factor),
            "model_ms_per_call": spread(1.5 * factor),
            "ns_per_day": 21.6 / factor,
            "peak_resident_mebibytes": 812.0,
            "baseline_resident_mebibytes": 640.0,
            "peak_device_mebibytes": None,
            "first_call_s": 0.75,
            "speedup_over_original": spread(1.0 / factor),
            "ratios": {},
        }

    def make(**changes):
        models = (("student:original", 1.0), ("student:tiny", 0.5))
        return dict.fromkeys(("scaling", "replicas", "peers", "profiles", "skipped"), ()) | {
            "environment": {"cpu": "Brand | X", "cores": 2},
            "method": {"rounds": 9},
            "entries": [
                entry(model, system, factor) | changes
                for system in ("water", "methane")
                for model, factor in models
            ],
        }

    return make


@pytest.fixture(scope="session")
def grown(make_benchmark):
    """A benchmark with its scaling with atoms and with four replicas in one Context."""
    found = make_benchmark()
    common = {"backend": "torchforce", "platform": "Reference"}
    atoms = {"n_atoms": [3, 5], "ms_per_step": [1.0, 4.5], "exponent": 1.36}
    replicas = {
        "threads": 1,
        "replicas": 4,
        "ms_per_replica_step": {"median": 0.5, "p25": 0.4, "p75": 0.6},
        "gain": {"median": 3.5, "low": 3.0, "high": 4.0},
        "ns_per_day": 86.4,
    }
    found["scaling"] = [common | atoms | {"model": "student:tiny"}]
    found["replicas"] = [
        common | replicas | {key: entry[key] for key in ("model", "system")}
        for entry in found["entries"]
    ]
    return found
