"""Simulations as a check or a report sees them: plain arrays, read from a run folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from typing_extensions import Self

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.units import ps_from_fs


@dataclass(frozen=True)
class RunCondition:
    """Under which condition a simulation ran."""

    ensemble: str
    temperature_kelvin: float
    timestep_fs: float

    def as_dict(self) -> dict[str, Any]:
        """Give the condition as it stands in `report.json`."""
        return {
            "ensemble": self.ensemble,
            "temperature_kelvin": self.temperature_kelvin,
            "timestep_fs": self.timestep_fs,
        }


@dataclass(frozen=True)
class EnergySeries:
    """Rows of `energies.csv`; each array float64 (T,)."""

    time_ps: np.ndarray
    potential_ev: np.ndarray
    kinetic_ev: np.ndarray
    total_ev: np.ndarray
    temperature_kelvin: np.ndarray

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, name)) for name in self.__dataclass_fields__}
        if len(lengths) != 1:
            raise ValueError(f"energy series of unequal lengths {sorted(lengths)}")


@dataclass(frozen=True)
class MomentumSeries:
    """Rows of `momenta.csv`.

    Attributes:
        time_ps: (T,).
        linear: total momentum, amu Å/ps, (T, 3).
        angular: total angular momentum about the centre of mass, amu Å²/ps, (T, 3).
        largest_force_ev_per_angstrom: (T,).
    """

    time_ps: np.ndarray
    linear: np.ndarray
    angular: np.ndarray
    largest_force_ev_per_angstrom: np.ndarray


@dataclass(frozen=True)
class TrajectorySeries:
    """What MDTraj sees in `trajectory.dcd`, frame by frame, F frames and B bonds.

    Attributes:
        time_ps: (F,).
        positions_angstrom: (F, N, 3).
        rmsd_angstrom: against the first frame after superposition, (F,).
        radius_of_gyration_angstrom: (F,).
        bond_lengths_angstrom: of the starting structure's covalent bonds, (F, B).
        fragments: connected components, (F,).
        closest_contact: smallest distance of two unbonded atoms over the sum of their covalent
            radii, (F,).
    """

    time_ps: np.ndarray
    positions_angstrom: np.ndarray
    rmsd_angstrom: np.ndarray
    radius_of_gyration_angstrom: np.ndarray
    bond_lengths_angstrom: np.ndarray
    fragments: np.ndarray
    closest_contact: np.ndarray


@dataclass(frozen=True)
class RunFailure:
    """Why a simulation ended early.

    Attributes:
        kind: ``unstable`` (the physics went wrong) or ``error`` (the code did).
        message: what, in one line.
        time_ps: when.
        atoms: which, zero-based.
        traceback: of an error.
    """

    kind: str
    message: str
    time_ps: float
    atoms: tuple[int, ...] = ()
    traceback: str = ""


@dataclass(frozen=True)
class Run:
    """One simulation.

    Attributes:
        name: its folder, e.g. ``nve_300K_0.5fs_r0``.
        condition: temperature and timestep.
        replica: number of the replica.
        requested_ps: how long it was to be.
        completed_ps: how long it was.
        energies: rows of `energies.csv`.
        momenta: rows of `momenta.csv`.
        trajectory: None where no frame was written.
        failure: None where it ran to its end.
        ms_per_step_blocks: wall time a step, block by block, after warm-up, (K,).
        cpu_ms_per_step_blocks: the process's CPU time a step in the same blocks, (K,); empty where
            it was not measured.
        yardstick_ms_blocks: CPU time of a piece of work that is always the same, in the same
            blocks, (K,): the pace of the machine.
        resident_mebibytes_blocks: resident memory of the process at the end of each, (K,); empty
            where it was not measured.
        steps_per_block: length of these blocks; 0 where it is not known.
        memory_mebibytes: ``peak_resident`` and, on CUDA, ``peak_device``.
        degrees_of_freedom: behind the temperatures; 0 where nothing vibrates or it is not known.
        platform: OpenMM platform.
        on_gpu: whether that ran on a GPU.
    """

    name: str
    condition: RunCondition
    replica: int
    requested_ps: float
    completed_ps: float
    energies: EnergySeries
    momenta: MomentumSeries
    trajectory: TrajectorySeries | None = None
    failure: RunFailure | None = None
    ms_per_step_blocks: np.ndarray = field(default_factory=lambda: np.empty(0))
    cpu_ms_per_step_blocks: np.ndarray = field(default_factory=lambda: np.empty(0))
    yardstick_ms_blocks: np.ndarray = field(default_factory=lambda: np.empty(0))
    resident_mebibytes_blocks: np.ndarray = field(default_factory=lambda: np.empty(0))
    steps_per_block: int = 0
    memory_mebibytes: Mapping[str, float] = field(default_factory=dict)
    degrees_of_freedom: int = 0
    platform: str = ""
    on_gpu: bool = False

    @property
    def survived(self) -> bool:
        """Whether it ran to its end, which is at a whole number of steps."""
        half_step_ps = 0.5 * ps_from_fs(self.condition.timestep_fs)
        return self.failure is None and self.completed_ps >= self.requested_ps - 1.01 * half_step_ps


@dataclass(frozen=True)
class Runs:
    """The simulations of one system.

    Attributes:
        system: the molecule.
        runs: simulations; for a check of one condition, the replicas of that condition.
        condition: set where the runs are those of one condition.
    """

    system: MolecularSystem
    runs: tuple[Run, ...] = ()
    condition: RunCondition | None = None

    def conditions(self) -> tuple[RunCondition, ...]:
        """Return the conditions that were run, each once, in order."""
        return tuple(dict.fromkeys(run.condition for run in self.runs))

    def at(self, condition: RunCondition) -> Self:
        """Return the runs of one condition."""
        runs = tuple(run for run in self.runs if run.condition == condition)
        return replace(self, runs=runs, condition=condition)


@dataclass(frozen=True)
class Evidence(Runs):
    """All that is known of one system; what a report is drawn from.

    Attributes:
        measurements: by name.
    """

    measurements: Mapping[str, Measurement] = field(default_factory=dict)
