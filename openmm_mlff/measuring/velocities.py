"""Velocities along short runs at constant energy, closely spaced, for vibrational spectra."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.measuring.experiments import THERMOSTAT_TIMESTEP_FS
from openmm_mlff.measuring.short_runs import at_rest_as_a_whole, set_start
from openmm_mlff.potentials import Potential
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import velocities_angstrom_per_ps
from openmm_mlff.simulation.blocks import step_watched
from openmm_mlff.simulation.nve import removable_rotations
from openmm_mlff.storage.shared import Samples

if TYPE_CHECKING:
    from openmm_mlff.measuring.subject import Subject

ROWS, ROW_STEPS = 500, 2
"""1 ps every 2 fs: a resolution of 33 cm⁻¹, up to 8300 cm⁻¹."""

FEW_VIBRATIONS = 12  # a molecule with fewer is run more often in proportion


def run_velocities(
    subject: "Subject", samples: Samples, *, potential: Potential | None = None, precision: str = ""
) -> tuple[np.ndarray, str]:
    """Run at constant energy, with 1 fs, from evenly spaced Langevin samples.

    Their number is the protocol's ``ensemble_runs``, more for molecules of few vibrations, among
    which the energy of a run is shared at random.  Potential and precision are the subject's own by
    default.  Translation and, of isolated molecules, rotation are removed at the start.

    Returns:
        Velocities of complete runs, (R, 500, N, 3), Å/ps, and why one broke off; empty if none did.
    """
    molecule = subject.molecule
    vibrations = max(1, 3 * molecule.n_atoms - 6)
    count = math.ceil(subject.spec.ensemble_runs * max(1.0, FEW_VIBRATIONS / vibrations))
    starts = subject.experiments.langevin_starts(count, samples)
    found: list[np.ndarray] = []
    if not starts:
        return np.empty((0, ROWS, molecule.n_atoms, 3)), samples.failure
    system = (potential or subject.potential).create_system(
        molecule, precision=precision or subject.precision
    )
    rotations = removable_rotations(system, minimum_angstrom=molecule.positions_angstrom)
    starts = [
        at_rest_as_a_whole(replace(one, system=system), rotations=rotations) for one in starts
    ]
    simulation = subject.experiments.simulation_from(starts[0], timestep_fs=THERMOSTAT_TIMESTEP_FS)
    failure = ""
    for index, start in enumerate(starts):
        subject.report("velocities", index, len(starts))
        set_start(simulation, [start])
        rows = np.empty((ROWS, molecule.n_atoms, 3))
        try:
            for row in range(ROWS):
                step_watched(simulation, ROW_STEPS)
                rows[row] = velocities_angstrom_per_ps(simulation.context.getState(velocities=True))
        except UnstableError as error:
            failure = error.message
            break
        found.append(rows)
    subject.report("velocities", len(starts), len(starts))
    return np.array(found).reshape(-1, ROWS, molecule.n_atoms, 3), failure
