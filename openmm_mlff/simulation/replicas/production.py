"""NVE run of a batch of replicas."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.base import Potential
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.simulation.blocks import BlockMeter
from openmm_mlff.simulation.checkpoints import EQUILIBRATION_FILE
from openmm_mlff.simulation.constraints import verlet_integrator
from openmm_mlff.simulation.contexts import platform_properties, warm_up
from openmm_mlff.simulation.nve import set_start_velocities
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.record import COMPLETE, TrajectoryRecord
from openmm_mlff.simulation.replicas.replica import Replica
from openmm_mlff.simulation.replicas.saving import BatchSaver, SavedBatch
from openmm_mlff.simulation.replicas.start import equilibrated
from openmm_mlff.simulation.replicas.stepping import ReplicaStepper
from openmm_mlff.simulation.replicas.system import (
    energies_by_openmm,
    make_copies,
    single_copy,
)
from openmm_mlff.simulation.replicas.views import CopySimulation
from openmm_mlff.simulation.stepping import block_steps
from openmm_mlff.simulation.topology import openmm_topology
from openmm_mlff.units import nm_from_angstrom

OnSteps = Callable[[int], None]
"""Called with the steps of all replicas completed since the last call."""


@dataclass(frozen=True)
class Place:
    """Potential, molecule, platform and precision of the weights, shared by all replicas."""

    potential: Potential
    molecule: MolecularSystem
    platform: PlatformChoice
    precision: str


@dataclass(frozen=True)
class FreshBatch:
    """Replicas after equilibration.

    Attributes:
        positions_nm: (n, N, 3).
        velocities_angstrom_per_ps: at the time of the positions, (n, N, 3).
    """

    positions_nm: FloatArray
    velocities_angstrom_per_ps: FloatArray
    step: int = 0

    def hand_over(self, stepper: ReplicaStepper) -> None:
        """Set the velocities; the positions are already set."""
        set_start_velocities(stepper, self.velocities_angstrom_per_ps.reshape(-1, 3))


def begin(
    place: Place, replicas: Sequence[Replica], *, on_steps: OnSteps
) -> tuple[list[Replica], FreshBatch]:
    """Equilibrate each replica alone; return the stable ones and their state.

    Failures are recorded in the replicas, whose records are reset.
    """
    single = single_copy(place.potential, place.molecule, precision=place.precision)
    begun, positions, velocities = [], [], []
    for replica in replicas:
        try:
            placed, moving = equilibrated(
                replica,
                place.molecule,
                single,
                platform=place.platform,
                together=len(replicas),
                on_steps=on_steps,
            )
        except UnstableError as error:
            replica.fail(error, together=len(replicas))
        else:
            begun.append(replica)
            positions.append(nm_from_angstrom(placed))
            velocities.append(moving)
    return begun, FreshBatch(np.array(positions), np.array(velocities))


def produce(
    place: Place,
    replicas: Sequence[Replica],
    start: FreshBatch | SavedBatch,
    *,
    on_steps: OnSteps,
) -> None:
    """Run the NVE dynamics of replicas from `start` to the end.

    Resumed replicas must include those that failed, because rounding depends on the number of
    copies.
    """
    shared = TrajectoryRecord(
        job=replicas[0].job, platform=place.platform.name, precision=place.platform.precision
    )
    stepper = _stepper(place, replicas, start, shared=shared)
    saver = BatchSaver(stepper, place.molecule, shared=shared)
    alive = [replica for replica in replicas if not replica.is_failed]
    n_steps = alive[0].job.n_steps
    with ExitStack() as open_files:
        for replica in alive:
            replica.record.platform_properties = platform_properties(stepper.context)
            replica.open_streams(
                place.molecule, resume_after_step=start.step or None, open_files=open_files
            )
        if not start.step:
            stepper.report(rows=True, frame=False)
            saver.save()
        for replica in replicas:
            (replica.folder / EQUILIBRATION_FILE).unlink(missing_ok=True)
        length = block_steps(n_steps, interval=replicas[0].job.energy_interval_steps)
        meter = BlockMeter(shared, length=length, steps_left=n_steps - start.step)
        while stepper.is_alive and (before := stepper.currentStep) < n_steps:
            meter.advance(stepper, min(length, n_steps - before))
            saver.save_if_cheap()
            on_steps(len(replicas) * (stepper.currentStep - before))
        for replica in replicas:
            if not replica.is_failed:
                replica.record.status = COMPLETE
        saver.save()


def _stepper(
    place: Place,
    replicas: Sequence[Replica],
    start: FreshBatch | SavedBatch,
    *,
    shared: TrajectoryRecord,
) -> ReplicaStepper:
    """Build and warm up the Context of all copies, and set the initial state."""
    copies = make_copies(place.potential, place.molecule, len(replicas), precision=place.precision)
    context = openmm.Context(
        copies.system,
        verlet_integrator(replicas[0].job.timestep_fs),
        openmm.Platform.getPlatformByName(place.platform.name),
        dict(place.platform.properties),
    )
    context.setPositions(start.positions_nm.reshape(-1, 3))
    warm_up(context)
    stepper = ReplicaStepper(
        context,
        replicas,
        view=CopySimulation(
            copies.single, openmm_topology(place.molecule), context.getIntegrator()
        ),
        energies_ev=copies.energies_ev
        or energies_by_openmm(
            copies.single,
            platform=place.platform,
            positions_angstrom=replicas[0].start_angstrom,
        ),
        shared=shared,
    )
    start.hand_over(stepper)
    return stepper
