"""Dynamics at constant energy of one or several replicas in one Context."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import openmm

from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import FloatArray
from openmm_mlff.simulation.blocks import BlockMeter, block_steps
from openmm_mlff.simulation.checkpoint import (
    EQUILIBRATION_FILE,
    PREVIOUS_FILE,
    Pace,
    write_state,
)
from openmm_mlff.simulation.constraints import verlet_integrator
from openmm_mlff.simulation.contexts import make_context, platform_properties, warm_up
from openmm_mlff.simulation.langevin import OnSteps
from openmm_mlff.simulation.nve import set_start_velocities
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.simulation.record import COMPLETE, RUNNING
from openmm_mlff.simulation.replica import Replica
from openmm_mlff.simulation.states import Content
from openmm_mlff.simulation.stepper import Stepper
from openmm_mlff.simulation.topology import openmm_topology


@dataclass(frozen=True)
class Setup:
    """What the replicas of one Context share.

    Attributes:
        single: makes the System of one replica, in which each is equilibrated.
        content: makes the System of n replicas, and how its States are split.
        is_batch: whether the replicas are recorded as a batch.
    """

    molecule: MolecularSystem
    platform: PlatformChoice
    single: Callable[[], openmm.System]
    content: Callable[[int], tuple[openmm.System, Content]]
    is_batch: bool


@dataclass(frozen=True)
class Start:
    """State from which replicas are integrated.

    Attributes:
        positions_angstrom: at which the Context is made, (n, N, 3).
        apply: sets what the Context still lacks.
        resumes: whether the replicas have streams up to this state.
    """

    positions_angstrom: FloatArray
    apply: Callable[[Stepper], None]
    resumes: bool


class Saver:
    """Writes `state.xml` and `run.json` of every stable replica."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self.pace = Pace()

    def save(self) -> None:
        """Save all streams, to which a resume truncates them, then all states, then all records."""
        with self.pace:
            stepper = self._stepper
            for replica in stepper.alive:
                if replica.streams is not None:
                    replica.streams.sync()
            states = stepper.content.saved(stepper.context)
            several = len(stepper.replicas) > 1
            for replica, state in zip(stepper.replicas, states, strict=True):
                if not replica.is_failed:
                    previous = replica.folder / PREVIOUS_FILE if several else None
                    write_state(replica.folder, state, keep_as=previous)
            for replica in stepper.alive:
                replica.record.n_steps_done = stepper.current_step
                replica.write()


def run(
    setup: Setup,
    waiting: Sequence[Replica],
    saved: tuple[Sequence[Replica], Start] | None,
    *,
    on_steps: OnSteps,
) -> None:
    """Resume replicas from saved states, or start them.

    Resumed replicas must include those that failed, because rounding depends on the number of
    copies.
    """
    for replica in waiting:
        replica.record.status, replica.record.failure = RUNNING, None
    replicas, start = saved or equilibrate_each(setup, waiting, on_steps=on_steps)
    if replicas:
        integrate(setup, replicas, start, on_steps=on_steps)


def equilibrate_each(
    setup: Setup, replicas: Sequence[Replica], *, on_steps: OnSteps
) -> tuple[list[Replica], Start]:
    """Equilibrate each replica alone; return the stable ones and their state.

    Failures are recorded in the replicas, whose records are reset.
    """
    single = setup.single()
    stable, positions, velocities = [], [], []
    for replica in replicas:
        try:
            placed, moving = replica.equilibrate(
                single,
                setup.molecule,
                platform=setup.platform,
                together=len(replicas) if setup.is_batch else None,
                on_steps=on_steps,
            )
        except UnstableError as error:
            replica.fail(error)
        else:
            stable.append(replica)
            positions.append(placed)
            velocities.append(moving)

    def apply(stepper: Stepper) -> None:
        set_start_velocities(stepper, np.concatenate(velocities))

    return stable, Start(np.array(positions), apply, resumes=False)


def integrate(
    setup: Setup, replicas: Sequence[Replica], start: Start, *, on_steps: OnSteps
) -> None:
    """Run the NVE dynamics of replicas from `start` to the end."""
    job = replicas[0].job
    stepper = _stepper(setup, replicas, start)
    begun = stepper.alive
    first_step = stepper.current_step
    if start.resumes:
        on_steps(sum(replica.job.n_equilibration_steps + first_step for replica in begun))
    with ExitStack() as open_files:
        for replica in begun:
            replica.record.platform_properties = platform_properties(stepper.context)
            replica.record.replicas = len(replicas) if setup.is_batch else None
            streams = replica.open_streams(
                setup.molecule, resume_after_step=first_step if start.resumes else None
            )
            open_files.callback(streams.close)
        saver = Saver(stepper)
        if not start.resumes:
            stepper.report(rows=True, frame=False)
            saver.save()
        for replica in replicas:
            (replica.folder / EQUILIBRATION_FILE).unlink(missing_ok=True)
        length = block_steps(job.n_steps, interval=job.energy_interval_steps)
        records = [replica.record for replica in replicas]
        meter = BlockMeter(records, length=length, steps_left=job.n_steps - first_step)
        while stepper.alive and (left := job.n_steps - stepper.current_step) > 0:
            before = stepper.current_step
            meter.advance(stepper, min(length, left))
            if saver.pace.is_due():
                saver.save()
            on_steps(len(begun) * (stepper.current_step - before))
        for replica in stepper.alive:
            replica.record.status = COMPLETE
        saver.save()


def _stepper(setup: Setup, replicas: Sequence[Replica], start: Start) -> Stepper:
    """Build and warm up the Context of all replicas, and set the initial state."""
    system, content = setup.content(len(replicas))
    context = make_context(
        system,
        verlet_integrator(replicas[0].job.timestep_fs),
        platform=setup.platform,
        positions_angstrom=start.positions_angstrom,
    )
    warm_up(context)
    topology = openmm_topology(setup.molecule)
    stepper = Stepper(context, replicas, content=content, topology=topology)
    start.apply(stepper)
    return stepper
