"""Read one system's results from a run folder, without torch, OpenMM or MDTraj."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.storage.dcd import read_dcd
from openmm_mlff.storage.measurements import MeasurementStore
from openmm_mlff.storage.run_directory import (
    RUN_FILE,
    SYSTEM_FILE,
    RunDirectory,
    molecule_from_json,
    read_arrays,
    read_json,
)
from openmm_mlff.storage.runs import (
    EnergySeries,
    Evidence,
    MomentumSeries,
    Run,
    RunCondition,
    RunFailure,
    TrajectorySeries,
)
from openmm_mlff.storage.streams import ENERGY_COLUMNS, MOMENTUM_COLUMNS, read_csv
from openmm_mlff.units import ps_from_fs

_BLOCKS = [field.name for field in fields(Run) if field.name.endswith("_blocks")]
_STEP_BLOCKS = ("ms_per_step_blocks", "cpu_ms_per_step_blocks")

STRUCTURE_FILE = "structure.npz"
"""Structural quantities that MDTraj computed for the frames of a simulation."""


def load_evidence(directory: RunDirectory, system: str) -> Evidence:
    """Read the molecule, simulations and measurements of one system.

    A truncated stream is read up to its last complete row; a missing one is empty.

    Raises:
        RunDirectoryError: a file is missing or damaged.
    """
    molecule = molecule_from_json(read_json(directory.system(system) / SYSTEM_FILE))
    runs = tuple(load_run(directory.run(system, name)) for name in directory.run_names(system))
    store = MeasurementStore(directory.system(system))
    found = {name: store.read(name) for name in store.names()}
    measurements = {name: one for name, one in found.items() if one is not None}
    return Evidence(system=molecule, runs=runs, measurements=measurements)


def load_run(folder: Path) -> Run:
    """Read the simulation in a folder; one that failed before its first step has no platform.

    Raises:
        RunDirectoryError: its record is damaged.
    """
    path = folder / RUN_FILE
    record = read_json(path)
    replicas = int(record.get("replicas", 1))
    energies = read_csv(folder / "energies.csv", ENERGY_COLUMNS)
    momenta = read_csv(folder / "momenta.csv", MOMENTUM_COLUMNS)
    try:
        memory = record.get("memory_mebibytes", {}).items()
        condition = RunCondition(
            ensemble=str(record["condition"]["ensemble"]),
            temperature_kelvin=float(record["condition"]["temperature_kelvin"]),
            timestep_fs=float(record["condition"]["timestep_fs"]),
        )
        # NumPy reads null, which stands for a value that is not finite, as NaN.
        blocks = {name: np.array(record.get(name, []), dtype=float) for name in _BLOCKS}
        for name in _STEP_BLOCKS:
            # The record has the time per replica; a step of a shared Context advances all of them.
            blocks[name] *= replicas
        return Run(
            name=folder.name,
            condition=condition,
            replica=int(record["replica"]),
            requested_ps=float(record["requested_ps"]),
            completed_ps=float(record["completed_ps"]),
            energies=EnergySeries(*energies[:, 1:].T),
            momenta=MomentumSeries(momenta[:, 1], momenta[:, 2:5], momenta[:, 5:8], momenta[:, 8]),
            trajectory=_load_trajectory(folder, record=record),
            failure=_failure(record),
            **blocks,
            steps_per_block=int(record.get("steps_per_block", 0)),
            memory_mebibytes={name: float(value) for name, value in memory if value is not None},
            degrees_of_freedom=int(record.get("n_degrees_of_freedom") or 0),
            platform=str(record.get("platform", "")),
            on_gpu=bool(record.get("on_gpu", False)),
            replicas=replicas,
        )
    except (KeyError, TypeError) as error:
        raise RunDirectoryError(
            f"{path} is not a record of a simulation ({type(error).__name__}: {error}); "
            "run the validation again"
        ) from error


def _failure(record: Mapping[str, Any]) -> RunFailure | None:
    """Return why a simulation ended early; a failed one without a reason gets a generic message."""
    failure = record["failure"]
    if failure is None and record["status"] != "failed":
        return None
    told = failure or {}
    time_ps = told.get("time_ps")
    return RunFailure(
        kind=str(told.get("kind") or "error"),
        message=str(told.get("message") or "the simulation failed without a message"),
        time_ps=float(record["completed_ps"] if time_ps is None else time_ps),
        atoms=tuple(int(atom) for atom in told.get("atoms") or ()),
        traceback=str(told.get("traceback") or ""),
    )


def _load_trajectory(folder: Path, *, record: Mapping[str, Any]) -> TrajectorySeries | None:
    """Read the frames and the structural quantities computed for them."""
    frames = read_frames(folder, record=record)
    if frames is None:
        return None
    positions_angstrom, time_ps = frames
    path = folder / STRUCTURE_FILE
    structure = read_arrays(path) if path.exists() else {}
    if {len(values) for values in structure.values()} != {len(time_ps)}:
        # Frames were written since; the quantities are computed when the run is resumed.
        return None
    return TrajectorySeries(time_ps=time_ps, positions_angstrom=positions_angstrom, **structure)


def read_frames(folder: Path, *, record: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray] | None:
    """Read positions (F, N, 3) in Å and times (F,) in ps; None if there is no frame.

    `record` is the content of the simulation's `run.json`.
    """
    positions_angstrom = read_dcd(folder / "trajectory.dcd")
    if positions_angstrom is None:
        return None
    # Frame k was written at step (k + 1) times the interval.
    interval_fs = float(record["frame_interval_steps"]) * float(record["condition"]["timestep_fs"])
    time_ps = ps_from_fs(interval_fs) * np.arange(1, len(positions_angstrom) + 1)
    return positions_angstrom.astype(float), time_ps
