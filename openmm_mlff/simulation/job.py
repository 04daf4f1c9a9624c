"""Settings of one trajectory."""

from dataclasses import dataclass, fields

import numpy as np

from openmm_mlff.errors import ConfigError
from openmm_mlff.reporters.monitor import DEFAULT_LIMITS, StabilityLimits
from openmm_mlff.storage.run_directory import run_name
from openmm_mlff.units import fs_from_ps

ENSEMBLE = "nve"

_MAY_BE_ZERO = frozenset({"replica", "equilibration_ps", "seed"})


@dataclass(frozen=True, kw_only=True)
class TrajectoryJob:
    """One NVE trajectory after Langevin equilibration.

    Attributes:
        temperature_kelvin: of the equilibration.
        timestep_fs: of NVE.
        replica: index; determines the velocities together with the seed.
        duration_ps: of NVE, rounded to whole steps.
        equilibration_ps: may be 0.
        energy_interval_steps: between two rows of `energies.csv` and `momenta.csv`, and between two
            stability checks.
        frame_interval_steps: between two frames of `trajectory.dcd`.
        seed: of velocities and thermostat.

    Raises:
        ConfigError: a value is out of range.
    """

    temperature_kelvin: float
    timestep_fs: float
    replica: int = 0
    duration_ps: float
    equilibration_ps: float
    equilibration_timestep_fs: float
    friction_per_ps: float
    energy_interval_steps: int
    frame_interval_steps: int
    seed: int
    limits: StabilityLimits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        for entry in fields(self):
            if entry.name == "limits":
                continue
            value = getattr(self, entry.name)
            low = "at least 0" if entry.name in _MAY_BE_ZERO else "more than 0"
            if not np.isfinite(value) or value < 0 or (value == 0 and low == "more than 0"):
                raise ConfigError(f"{entry.name} is {value!r}; expected {low}")
        if self.n_steps < 1:
            raise ConfigError(
                f"duration_ps is {self.duration_ps:g}; expected at least one step of "
                f"{self.timestep_fs:g} fs"
            )

    @property
    def name(self) -> str:
        """Name of its folder, e.g. ``nve_300K_0.5fs_r0``."""
        return run_name(
            ensemble=ENSEMBLE,
            temperature_kelvin=self.temperature_kelvin,
            timestep_fs=self.timestep_fs,
            replica=self.replica,
        )

    @property
    def n_steps(self) -> int:
        """Steps of NVE."""
        return round(fs_from_ps(self.duration_ps) / self.timestep_fs)

    @property
    def n_equilibration_steps(self) -> int:
        """Steps of Langevin dynamics."""
        return round(fs_from_ps(self.equilibration_ps) / self.equilibration_timestep_fs)


def openmm_seeds(*numbers: int) -> tuple[int, int]:
    """Return two independent seeds: positive 31-bit integers, as OpenMM interprets 0 as "any"."""
    first, second = np.random.SeedSequence(numbers).generate_state(2)
    return 1 + int(first) % (2**31 - 2), 1 + int(second) % (2**31 - 2)
