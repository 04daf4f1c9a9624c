"""Total energies from one start at half, one and two timesteps."""

import numpy as np
from openmm import app

from openmm_mlff import units
from openmm_mlff.probes.dynamics.start import (
    NO_RUN,
    StartPoint,
    find_start,
    place_at,
    verlet_simulation,
)
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import kinetic_ev, potential_ev
from openmm_mlff.simulation.stepping import step_watched

FACTORS = (0.5, 1.0, 2.0)
"""Timesteps, in units of the protocol's first."""

NOISE_STEPS = 200
"""Steps in a row, at the shortest timestep, whose energies tell the noise from the motion."""


def probe_timestep_convergence(subject: ProbeSubject) -> ProbeOutcome:
    """Run at constant energy from one point with three timesteps.

    Energies are taken at common times, every two timesteps, and the kinetic ones at the time of
    the positions.  At the shortest timestep, the first steps are also taken one by one.

    Args:
        subject: what to probe.

    Returns:
        `timesteps_fs` (3,), `time_ps` (T,), and, (3, T) in eV, `potential_ev`, `kinetic_ev`,
        `total_ev`, NaN from where a run broke; `noise_total_ev` (M,) of steps in a row.
        Skipped where no run left a point to start from.
    """
    if subject.molecule.n_atoms < 2:
        return not_applicable("a single atom has no motion to integrate")
    start = find_start(subject)
    if start is None:
        return ProbeOutcome(skipped=NO_RUN)
    timesteps_fs = subject.timestep_fs * np.array(FACTORS)
    interval_fs = timesteps_fs[-1]
    rows = max(2, 1 + round(units.fs_from_ps(subject.spec.convergence_ps) / interval_fs))
    energies = np.full((len(FACTORS), rows, 2), np.nan)
    reasons = []
    for index, timestep_fs in enumerate(timesteps_fs):
        simulation = verlet_simulation(subject, start.system, timestep_fs=timestep_fs)
        place_at(simulation, start)
        steps = round(interval_fs / timestep_fs)
        energies[index], reason = _energies(simulation, rows=rows, steps=steps)
        reasons.append(reason)
    return ProbeOutcome(
        data={"failures": reasons},
        arrays={
            "timesteps_fs": timesteps_fs,
            "time_ps": units.ps_from_fs(interval_fs) * np.arange(rows),
            "potential_ev": energies[..., 0],
            "kinetic_ev": energies[..., 1],
            "total_ev": energies.sum(axis=-1),
            "noise_total_ev": _noise_energies(subject, start),
        },
    )


def _energies(simulation: app.Simulation, *, rows: int, steps: int) -> tuple[np.ndarray, str]:
    """Give potential and kinetic energy every so many steps, (rows, 2), and why it ended early."""
    energies = np.full((rows, 2), np.nan)
    for row in range(rows):
        if row:
            try:
                step_watched(simulation, steps)
            except UnstableError as error:
                return energies, error.message
        state = simulation.context.getState(energy=True)
        energies[row] = potential_ev(state), kinetic_ev(state)
    return energies, ""


def _noise_energies(subject: ProbeSubject, start: StartPoint) -> np.ndarray:
    timestep_fs = FACTORS[0] * subject.timestep_fs
    simulation = verlet_simulation(subject, start.system, timestep_fs=timestep_fs)
    place_at(simulation, start)
    energies, _ = _energies(simulation, rows=NOISE_STEPS, steps=1)
    return energies.sum(axis=1)
