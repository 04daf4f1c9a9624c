"""Prepare replicas for a batch: check shared settings, equilibrate each."""

from collections.abc import Callable, Generator, Sequence

import numpy as np
import numpy.typing as npt
import openmm

from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters.quantities import FloatArray, masses_amu
from openmm_mlff.simulation.checkpoints import STATE_FILE
from openmm_mlff.simulation.job import TrajectoryJob
from openmm_mlff.simulation.nve import (
    nve_degrees_of_freedom,
    removable_rotations,
    without_rigid_motion,
)
from openmm_mlff.simulation.nvt import equilibrate
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.record import TrajectoryRecord
from openmm_mlff.simulation.replicas.replica import Replica
from openmm_mlff.simulation.replicas.saving import PREVIOUS_FILE
from openmm_mlff.simulation.starting import check_start
from openmm_mlff.simulation.topology import write_pdb
from openmm_mlff.simulation.trajectory import TOPOLOGY_FILE

SHARED = ("timestep_fs", "n_steps", "energy_interval_steps", "frame_interval_steps")
"""Settings shared by one Context; seed, replica, temperature and equilibration may differ."""


def check_alike(jobs: Sequence[TrajectoryJob]) -> None:
    """Check that jobs can run in one Context.

    Raises:
        ConfigError: there are none, or they differ in a shared setting.
    """
    if not jobs:
        raise ConfigError("no replicas were asked for; expected at least one")
    for name in SHARED:
        values = sorted({getattr(job, name) for job in jobs})
        if len(values) > 1:
            raise ConfigError(
                f"replicas that run together have {name} of {', '.join(map(str, values))}; "
                "expected one value: run them in groups"
            )


def starts_of(start_positions_angstrom: npt.ArrayLike, *, n_runs: int, n_atoms: int) -> FloatArray:
    """Return the start of each run, (n, N, 3), from one for all, (N, 3), or one per run, (n, N, 3).

    Raises:
        ConfigError: the shape is different.
    """
    starts = np.asarray(start_positions_angstrom, dtype=np.float64)
    if starts.shape not in {(n_atoms, 3), (n_runs, n_atoms, 3)}:
        raise ConfigError(
            f"start positions have shape {starts.shape}; expected ({n_atoms}, 3), or "
            f"({n_runs}, {n_atoms}, 3) for one a run"
        )
    return np.broadcast_to(starts, (n_runs, n_atoms, 3)).copy()


def equilibrated(
    replica: Replica,
    molecule: MolecularSystem,
    single: openmm.System,
    *,
    platform: PlatformChoice,
    together: int,
    on_steps: Callable[[int], None],
) -> tuple[FloatArray, FloatArray]:
    """Equilibrate one replica alone, so that it starts like a single run.

    Its record is reset; a saved equilibration is resumed.

    Returns:
        Positions (N, 3), Å, and velocities (N, 3), Å/ps, without translation and rotation.

    Raises:
        UnstableError: the replica is unstable.
    """
    job = replica.job
    replica.record = TrajectoryRecord(
        job=job, platform=platform.name, precision=platform.precision, replicas=together
    )
    for name in (STATE_FILE, PREVIOUS_FILE):
        (replica.folder / name).unlink(missing_ok=True)
    replica.record.write(replica.folder)
    check_start(molecule, replica.job, start_positions_angstrom=replica.start_angstrom)
    write_pdb(replica.folder / TOPOLOGY_FILE, molecule, positions_angstrom=replica.start_angstrom)
    steps = equilibrate(
        single,
        molecule,
        job,
        platform=platform,
        start_positions_angstrom=replica.start_angstrom,
        folder=replica.folder,
    )
    positions, velocities = _to_the_end(steps, on_steps)
    rotations = removable_rotations(single, minimum_angstrom=replica.start_angstrom)
    replica.record.n_degrees_of_freedom = nve_degrees_of_freedom(single, rotations=rotations)
    still = without_rigid_motion(
        velocities,
        positions_angstrom=positions,
        masses_amu=masses_amu(single),
        rotations=rotations,
    )
    return positions, still


def _to_the_end(
    steps: Generator[int, None, tuple[FloatArray, FloatArray]], on_steps: Callable[[int], None]
) -> tuple[FloatArray, FloatArray]:
    """Exhaust a generator of completed steps and return its result."""
    before = 0
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            positions, velocities = end.value
            return positions, velocities
        on_steps(done - before)
        before = done
