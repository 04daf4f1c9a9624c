"""Reports and observations made of NumPy arrays; figures are kept to be looked into."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

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
DPI = 300


@pytest.fixture(autouse=True)
def _coarse(request, monkeypatch):
    """Draw coarsely, which is fast, where a test does not measure the file."""
    if "png_inches" not in request.fixturenames:
        monkeypatch.setattr(drawing, "DPI", 50)


@pytest.fixture
def condition() -> RunCondition:
    return CONDITION


@pytest.fixture
def make_run():
    """A healthy run of 1 ps, 200 rows and 100 frames, unless fields are given."""

    def make(system, *, seed=1, **fields) -> Run:
        rng = np.random.default_rng(seed)
        time_ps = 0.005 * np.arange(1, 201)
        frame_ps = 0.01 * np.arange(1, 101)
        bonds = np.array(system.bonds).reshape(-1, 2)
        starts = np.linalg.norm(
            system.positions_angstrom[bonds[:, 0]] - system.positions_angstrom[bonds[:, 1]], axis=1
        )
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
                frame_ps,
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


@pytest.fixture
def make_labels():
    """The stored labels of frames, of which the reference refused two more."""

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
        data, arrays = to_tables(record)
        return Measurement("reference_labels", "done", data=data, arrays=arrays)

    return make


@pytest.fixture
def make_observations(make_run, make_labels):
    """One healthy run of a molecule and reference forces on 20 frames."""

    def make(name="water", **fields) -> Evidence:
        system = load_system(name)
        rng = np.random.default_rng(3)
        reference = rng.normal(size=(20, system.n_atoms, 3))
        model = reference + 0.03 * rng.normal(size=reference.shape)
        labels = make_labels(system, model_forces=model, reference_forces=reference)
        observations = Evidence(
            system, (make_run(system),), CONDITION, measurements={labels.name: labels}
        )
        return replace(observations, **fields)

    return make


@pytest.fixture
def make_result():
    """A passed check, unless fields are given."""

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


@pytest.fixture
def make_checks(make_result):
    """One result of each key check, with the numbers that the tests look for."""

    def make(system="water") -> list[CheckResult]:
        at = {"system": system, "condition": CONDITION.as_dict()}
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
        return [
            make_result("stability", value=10.0, unit="ps", threshold=10.0, **at),
            make_result(
                "energy_drift",
                value=0.0123,
                unit="meV/atom/ps",
                threshold=0.1,
                evidence=drift,
                **at,
            ),
            make_result("drift_percent", value=0.5, unit="%", required=False, **at),
            make_result(
                "force_accuracy",
                group="accuracy",
                system=system,
                value=0.0345,
                unit="eV/Å",
                threshold=0.2,
                evidence=forces,
            ),
            make_result(
                "energy_accuracy", group="accuracy", system=system, value=1.5, unit="meV/atom"
            ),
            make_result(
                "speed", group="performance", value=1.84, unit="ms/step", threshold=100.0, **at
            ),
        ]

    return make


@pytest.fixture
def make_report(make_checks, make_verdict):
    """A report on water, approved unless fields are given."""

    def make(
        *,
        status=VerdictStatus.APPROVED,
        name="tiny",
        systems=("water",),
        checks=None,
        reasons=("Everything was measured and passed.",),
        failure_modes=(),
        n_parameters=77_001,
        sha256="0123456789abcdef",
        **verdict_fields,
    ) -> ValidationReport:
        verdict = make_verdict(
            status,
            reasons=reasons,
            failure_modes=failure_modes,
            next_step="Run the extended protocol.",
            systems=systems,
            **verdict_fields,
        )
        return ValidationReport(
            model=ModelRecord(
                spec=f"student:{name}", name=name, sha256=sha256, n_parameters=n_parameters
            ),
            protocol={"name": "standard", "criteria": {}, "dynamics": {"duration_ps": 10.0}},
            environment={"openmm": "8.6.1", "hardware": {"cores": 2}},
            systems=systems,
            checks=tuple(
                [found for system in systems for found in make_checks(system)]
                if checks is None
                else checks
            ),
            verdict=verdict,
        )

    return make


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
    """Width and height of a PNG, which must be whole and have something on it."""

    def measure(path):
        with Image.open(path) as image:
            image.verify()
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert image.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)
            assert len(image.convert("L").getcolors()) > 10
            return image.width / DPI, image.height / DPI

    return measure


@pytest.fixture
def make_benchmark():
    """Two models on two systems, all of it measured."""

    def make(**changes):
        def entry(model, system, factor):
            def spread(median):
                return {"median": median, "p25": 0.9 * median, "p75": 1.2 * median}

            return {
                "model": model,
                "n_parameters": 427_001,
                "system": system,
                "platform": "Reference",
                "precision": "mixed",
                "openmm_ms_per_step": spread(2.0 * factor),
                "ase_ms_per_step": spread(3.0 * factor),
                "model_ms_per_call": spread(1.5 * factor),
                "ns_per_day": 21.6 / factor,
                "peak_resident_mebibytes": 812.0,
                "baseline_resident_mebibytes": 640.0,
                "peak_device_mebibytes": None,
                "speedup_over_original": spread(1.0 / factor),
                **changes,
            }

        return {
            "schema_version": 1,
            "environment": {"cpu": "Brand | X", "cores": 2},
            "method": {"rounds": 9},
            "entries": [
                entry(model, system, factor)
                for system in ("water", "methane")
                for model, factor in (("student:original", 1.0), ("student:tiny", 0.5))
            ],
        }

    return make
