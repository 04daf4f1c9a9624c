"""Read one system's part of a run directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.observations.dcd import read_dcd
from openmm_mlff.observations.model import (
    EnergySeries,
    MomentumSeries,
    Observations,
    ProbeObservations,
    RunCondition,
    RunFailure,
    RunObservations,
    TrajectorySeries,
)
from openmm_mlff.observations.trajectory import analyse_trajectory
from openmm_mlff.rundir import (
    ENERGY_COLUMNS,
    MOMENTUM_COLUMNS,
    RUN_FILE,
    SYSTEM_FILE,
    RunDirectory,
    molecule_from_json,
    read_csv,
    read_json,
)
from openmm_mlff.units import ps_from_fs


def load_observations(directory: RunDirectory, system: str) -> Observations:
    """Read all that is known of one system.

    Args:
        directory: an existing run directory.
        system: name of a system that was begun.

    Returns:
        Its molecule, simulations and probes; a stream that a crash cut off is read as far as it
        is whole, a missing one is empty.

    Raises:
        RunDirectoryError: a file is missing or damaged.
    """
    molecule = molecule_from_json(read_json(directory.system(system) / SYSTEM_FILE))
    runs = tuple(
        _load_run(directory.run(system, name), molecule=molecule)
        for name in directory.run_names(system)
    )
    probes = {
        name: _load_probe(directory, system=system, name=name)
        for name in directory.probe_names(system)
    }
    return Observations(system=molecule, runs=runs, probes=probes)


def _load_probe(directory: RunDirectory, *, system: str, name: str) -> ProbeObservations:
    record, arrays = directory.read_probe(system, name)
    return ProbeObservations(
        name=name,
        status=record["status"],
        reason=record["reason"],
        traceback=record["traceback"],
        data=record["data"],
        arrays=arrays,
    )


def _load_run(folder: Path, *, molecule: MolecularSystem) -> RunObservations:
    """Read one simulation; one that broke before its first step was timed on no platform."""
    path = folder / RUN_FILE
    record = read_json(path)
    replicas = int(record.get("replicas", 1))
    try:
        condition = RunCondition(
            ensemble=str(record["condition"]["ensemble"]),
            temperature_kelvin=float(record["condition"]["temperature_kelvin"]),
            timestep_fs=float(record["condition"]["timestep_fs"]),
        )
        return RunObservations(
            name=folder.name,
            condition=condition,
            replica=int(record["replica"]),
            requested_ps=float(record["requested_ps"]),
            completed_ps=float(record["completed_ps"]),
            energies=_load_energies(folder),
            momenta=_load_momenta(folder),
            trajectory=_load_trajectory(folder, record=record, molecule=molecule),
            failure=_failure(record),
            # Of replicas in one Context the record has the time of each; a step takes that of all.
            ms_per_step_blocks=replicas * _floats(record.get("ms_per_step_blocks", [])),
            cpu_ms_per_step_blocks=replicas * _floats(record.get("cpu_ms_per_step_blocks", [])),
            yardstick_ms_blocks=_floats(record.get("yardstick_ms_blocks", [])),
            resident_mebibytes_blocks=_floats(record.get("resident_mebibytes_blocks", [])),
            steps_per_block=int(record.get("steps_per_block", 0)),
            memory_mebibytes={
                name: float(value)
                for name, value in record.get("memory_mebibytes", {}).items()
                if value is not None
            },
            platform=str(record.get("platform", "")),
        )
    except (KeyError, TypeError) as error:
        raise RunDirectoryError(
            f"{path} is no record of a simulation ({type(error).__name__}: {error}); "
            "run the validation again"
        ) from error


def _floats(values: list[float | None]) -> np.ndarray:
    """Turn JSON's null, which stands for what was not finite, back into NaN."""
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _failure(record: Mapping[str, Any]) -> RunFailure | None:
    """Read why a simulation ended early; a failure without a reason is still one."""
    failure = record["failure"]
    if failure is None and record["status"] != "failed":
        return None
    told = failure or {}
    time_ps = told.get("time_ps")
    return RunFailure(
        kind=str(told.get("kind") or "error"),
        message=str(told.get("message") or "the simulation failed and left no reason"),
        time_ps=float(record["completed_ps"] if time_ps is None else time_ps),
        atoms=tuple(int(atom) for atom in told.get("atoms") or ()),
        traceback=str(told.get("traceback") or ""),
    )


def _load_energies(folder: Path) -> EnergySeries:
    rows = read_csv(folder / "energies.csv", ENERGY_COLUMNS)
    return EnergySeries(
        time_ps=rows[:, 1],
        potential_ev=rows[:, 2],
        kinetic_ev=rows[:, 3],
        total_ev=rows[:, 4],
        temperature_kelvin=rows[:, 5],
    )


def _load_momenta(folder: Path) -> MomentumSeries:
    rows = read_csv(folder / "momenta.csv", MOMENTUM_COLUMNS)
    return MomentumSeries(
        time_ps=rows[:, 1],
        linear=rows[:, 2:5],
        angular=rows[:, 5:8],
        largest_force_ev_per_angstrom=rows[:, 8],
    )


def _load_trajectory(
    folder: Path, *, record: Mapping[str, Any], molecule: MolecularSystem
) -> TrajectorySeries | None:
    """Read the frames; frame k was written at step (k + 1) times the interval."""
    positions_angstrom = read_dcd(folder / "trajectory.dcd")
    if positions_angstrom is None:
        return None
    interval_fs = float(record["frame_interval_steps"]) * float(record["condition"]["timestep_fs"])
    time_ps = ps_from_fs(interval_fs) * np.arange(1, len(positions_angstrom) + 1)
    return analyse_trajectory(positions_angstrom, system=molecule, time_ps=time_ps)
