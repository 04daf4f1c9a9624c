"""Simulations read from a run folder, as plain arrays."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from typing_extensions import Self

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.storage.measurements import Measurement
from openmm_mlff.units import ps_from_fs


@dataclass(frozen=True)
class RunCondition:
    """Ensemble, temperature and timestep of a simulation."""

    ensemble: str
    temperature_kelvin: float
    timestep_fs: float

    def as_dict(self) -> dict[str, Any]:
        """Return the condition as written to `report.json`."""
        return asdict(self)


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
    """Quantities that MDTraj computes for each frame of `trajectory.dcd`; F frames, B bonds.

    Attributes:
        time_ps: (F,).
        positions_angstrom: (F, N, 3).
        rmsd_angstrom: to the first frame after superposition, (F,).
        radius_of_gyration_angstrom: (F,).
        bond_lengths_angstrom: of the covalent bonds of the initial structure, (F, B).
        fragments: number of connected components, (F,).
        closest_contact: smallest distance between two nonbonded atoms divided by the sum of their
            covalent radii, (F,).
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
        kind: ``unstable`` for unphysical dynamics, ``error`` for an exception.
        message: one line.
        atoms: zero-based indices of the atoms concerned.
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
        trajectory: None if no frame was written.
        failure: None if it ran to its end.
        ms_per_step_blocks: wall time per step in each block after warm-up, (K,).
        cpu_ms_per_step_blocks: CPU time of the process per step in the same blocks, (K,); empty if
            not measured.
        yardstick_ms_blocks: CPU time of a fixed workload in the same blocks, (K,): the speed of
            the machine.
        resident_mebibytes_blocks: resident memory of the process at the end of each block, (K,);
            empty if not measured.
        steps_per_block: 0 if unknown.
        memory_mebibytes: ``peak_resident`` and, on CUDA, ``peak_device``.
        degrees_of_freedom: used for the temperatures; 0 if there are none or unknown.
        platform: OpenMM platform.
        replicas: simulations that shared its Context, itself included: a step advances all.
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
    replicas: int = 1

    @property
    def survived(self) -> bool:
        """Whether it ran to its end, to within half a timestep."""
        half_step_ps = 0.5 * ps_from_fs(self.condition.timestep_fs)
        return self.failure is None and self.completed_ps >= self.requested_ps - 1.01 * half_step_ps


@dataclass(frozen=True)
class Runs:
    """Simulations of one system; if `condition` is set, the replicas at that condition."""

    system: MolecularSystem
    runs: tuple[Run, ...] = ()
    condition: RunCondition | None = None

    def conditions(self) -> tuple[RunCondition, ...]:
        """Return the distinct conditions, in order."""
        return tuple(dict.fromkeys(run.condition for run in self.runs))

    def at(self, condition: RunCondition) -> Self:
        """Return the runs of one condition."""
        runs = tuple(run for run in self.runs if run.condition == condition)
        return replace(self, runs=runs, condition=condition)


@dataclass(frozen=True)
class Evidence(Runs):
    """The simulations and the measurements, by name, of one system."""

    measurements: Mapping[str, Measurement] = field(default_factory=dict)
