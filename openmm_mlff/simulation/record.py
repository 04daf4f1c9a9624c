"""The `run.json` of one trajectory: settings, progress, memory, failure."""

import sys
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import psutil

from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation.job import ENSEMBLE, TrajectoryJob
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.storage.run_directory import RUN_FILE, read_json, write_json
from openmm_mlff.units import MEBIBYTE, ps_from_fs

RUNNING = "running"
COMPLETE = "complete"
FAILED = "failed"

SCHEMA_VERSION = 1

REPLICAS = "replicas"
"""Key in the `run.json` of a run in a batch."""

BLOCK_SERIES = (
    "ms_per_step_blocks",
    "cpu_ms_per_step_blocks",
    "yardstick_ms_blocks",
    "resident_mebibytes_blocks",
)
"""Lists with one number per block of steps, all of one process."""

_RENAMED = {"job", "n_steps_done", "peak_resident_mebibytes", "peak_device_mebibytes", REPLICAS}
"""Attributes that `run.json` holds under another name; the others have the same."""

_ADDED_LATER = (*BLOCK_SERIES[1:], "steps_per_block")
"""Names that an older version did not write."""


@dataclass
class TrajectoryRecord:
    """Content of `run.json`.

    Attributes:
        platform_properties: as reported by the Context, e.g. the number of threads.
        n_degrees_of_freedom: for the temperatures in `energies.csv`.
        n_steps_done: NVE steps up to the last saved state, or to the failure.
        status: running, complete or failed.
        failure: of a failed run.
        ms_per_step_blocks: wall time per step in each block after warm-up.
        cpu_ms_per_step_blocks: CPU time of the process per step, all threads together.
        yardstick_ms_blocks: CPU time of a fixed workload.
        resident_mebibytes_blocks: resident memory of the process at the end of each block.
        steps_per_block: length of these blocks.
        peak_resident_mebibytes: largest resident memory of the process at the end of a block.
        peak_device_mebibytes: largest memory in use on the CUDA device; None elsewhere.
        replicas: size of the batch, by which times per step are divided; None for a single run, and
            until a batch resumes it.
    """

    job: TrajectoryJob
    platform: str
    precision: str
    on_gpu: bool = False
    platform_properties: dict[str, str] = field(default_factory=dict)
    n_degrees_of_freedom: int | None = None
    n_steps_done: int = 0
    status: str = RUNNING
    failure: dict[str, Any] | None = None
    ms_per_step_blocks: list[float] = field(default_factory=list)
    cpu_ms_per_step_blocks: list[float] = field(default_factory=list)
    yardstick_ms_blocks: list[float] = field(default_factory=list)
    resident_mebibytes_blocks: list[float] = field(default_factory=list)
    steps_per_block: int = 0
    peak_resident_mebibytes: float = 0.0
    peak_device_mebibytes: float | None = None
    replicas: int | None = None

    @property
    def completed_ps(self) -> float:
        """Length of the NVE trajectory so far."""
        return ps_from_fs(self.n_steps_done * self.job.timestep_fs)

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to run: it is complete or was unstable."""
        if self.failure is not None:
            return self.failure["kind"] == UnstableError.kind
        return self.status == COMPLETE and self.n_steps_done >= self.job.n_steps

    def fail(self, error: UnstableError) -> None:
        """Record why the run ended early."""
        self.status = FAILED
        # Steps and times of the equilibration are negative.
        self.n_steps_done = max(0, error.step)
        self.failure = {
            "kind": error.kind,
            "message": error.message,
            "time_ps": error.time_ps,
            "atoms": list(error.atoms),
            "traceback": "",
        }

    def update_memory(self) -> None:
        """Update the peaks; that of the whole process may stem from something before the run."""
        self.peak_resident_mebibytes = max(self.peak_resident_mebibytes, resident_mebibytes())
        # torch is not imported for a potential that does not use it.
        torch = sys.modules.get("torch")
        if self.platform == "CUDA" and torch is not None and torch.cuda.is_available():
            # Of all processes, because torch does not count OpenMM's.
            free, total = torch.cuda.mem_get_info()
            used = (total - free) / MEBIBYTE
            self.peak_device_mebibytes = max(self.peak_device_mebibytes or 0.0, used)

    def write(self, folder: Path) -> None:
        """Write `run.json` atomically."""
        memory = {"peak_resident": self.peak_resident_mebibytes}
        if self.peak_device_mebibytes is not None:
            memory["peak_device"] = self.peak_device_mebibytes
        progress = {
            "schema_version": SCHEMA_VERSION,
            "requested_ps": self.job.duration_ps,
            "completed_ps": self.completed_ps,
            "steps": self.n_steps_done,
            "memory_mebibytes": memory,
        }
        progress |= {name: getattr(self, name) for name in _same_names()}
        batch = {} if self.replicas is None else {REPLICAS: self.replicas}
        write_json(folder / RUN_FILE, _identity(self.job) | progress | batch)

    @classmethod
    def open(
        cls, folder: Path, job: TrajectoryJob, *, platform: PlatformChoice
    ) -> "TrajectoryRecord":
        """Read the record of a folder, or create a new one.

        The duration of `job` may have changed; a started run keeps its own platform.

        Raises:
            RunDirectoryError: the folder holds another run, or its `run.json` is damaged.
        """
        path = folder / RUN_FILE
        table = read_json(path) if path.exists() else {}
        if "seed" not in table:
            # New, or an error occurred before the run started, so nothing else is recorded.
            return cls.begin(job, platform=platform)
        if table.get("schema_version") != SCHEMA_VERSION:
            raise RunDirectoryError(
                f"{path} is of version {table.get('schema_version')}, expected {SCHEMA_VERSION}; "
                "choose another --output"
            )
        for key, asked in _identity(job).items():
            if table.get(key) != asked:
                raise RunDirectoryError(
                    f"{path} was started with {key} {table.get(key)!r}, but {asked!r} is "
                    "requested now; choose another --output"
                )
        try:
            return cls._from_table(table, job=job)
        except (KeyError, TypeError) as error:
            raise RunDirectoryError(
                f"{path} lacks {error}; expected the run.json of a trajectory: delete its folder"
            ) from error

    @classmethod
    def begin(
        cls, job: TrajectoryJob, *, platform: PlatformChoice, replicas: int | None = None
    ) -> "TrajectoryRecord":
        """Return the record of a run at its start."""
        return cls(
            job=job,
            platform=platform.name,
            precision=platform.precision,
            on_gpu=platform.on_gpu,
            replicas=replicas,
        )

    @classmethod
    def _from_table(cls, table: dict[str, Any], *, job: TrajectoryJob) -> "TrajectoryRecord":
        memory = table["memory_mebibytes"]
        longest = max(job.duration_ps, table["requested_ps"])
        names = [name for name in _same_names() if name in table or name not in _ADDED_LATER]
        return cls(
            # A shorter duration than before does not shorten the run.
            job=replace(job, duration_ps=longest),
            n_steps_done=table["steps"],
            peak_resident_mebibytes=memory["peak_resident"],
            peak_device_mebibytes=memory.get("peak_device"),
            **{name: table[name] for name in names},
        )


def resident_mebibytes() -> float:
    """Return the resident memory of this process."""
    return psutil.Process().memory_info().rss / MEBIBYTE


def _same_names() -> list[str]:
    return [entry.name for entry in fields(TrajectoryRecord) if entry.name not in _RENAMED]


def _identity(job: TrajectoryJob) -> dict[str, Any]:
    """Return the settings that must not change on resume: all but the duration."""
    return {
        "condition": {
            "ensemble": ENSEMBLE,
            "temperature_kelvin": job.temperature_kelvin,
            "timestep_fs": job.timestep_fs,
        },
        "replica": job.replica,
        "seed": job.seed,
        "energy_interval_steps": job.energy_interval_steps,
        "frame_interval_steps": job.frame_interval_steps,
        "equilibration": {
            "duration_ps": job.equilibration_ps,
            "timestep_fs": job.equilibration_timestep_fs,
            "friction_per_ps": job.friction_per_ps,
        },
        "stability_limits": asdict(job.limits),
    }
