"""Kinetic energies of groups of atoms under other thermostats."""

from typing import TYPE_CHECKING

import numpy as np
import openmm

from openmm_mlff.reporters import StabilityReporter, UnstableError
from openmm_mlff.reporters.quantities import velocities_angstrom_per_ps
from openmm_mlff.simulation.blocks import step_watched
from openmm_mlff.simulation.constraints import TOLERANCE, langevin_integrator
from openmm_mlff.simulation.contexts import make_simulation
from openmm_mlff.units import fs_from_ps, nm_from_angstrom, ps_from_fs

if TYPE_CHECKING:
    from openmm_mlff.measuring.experiments import StartPoint
    from openmm_mlff.measuring.subject import Subject

TIMESTEP_FS = 1.0
ROW_STEPS = 2
"""The kinetic energy of a bond to hydrogen oscillates in 4.5 fs; longer rows would alias it."""

WATCH_STEPS = 10
NOSE_HOOVER_FREQUENCY_PER_PS = 50.0
"""At 10/ps the chain, which OpenMM starts at rest, lets the kinetic energy of water oscillate by
10 % for a picosecond."""


class Thermostats:
    """Runs of a subject under a thermostat, at the subject's first temperature.

    Both return the kinetic energy of each of G groups of atoms every 2 fs, (T, G), eV, up to where
    the run broke off, and why it did, empty where it did not.  Their `weights`, (N, G), eV ps²/Å²,
    are kinetic energy per squared speed of each atom in each group.

    Both integrators leave their velocities in the middle of a step, behind the thermostat, as the
    shared Langevin samples have them (Zhang et al., J. Phys. Chem. A 123 (2019) 6056).
    """

    def __init__(self, subject: "Subject") -> None:
        self._subject = subject

    def langevin_kinetic_ev(
        self,
        start: "StartPoint",
        *,
        friction_per_ps: float,
        duration_ps: float,
        weights: np.ndarray,
    ) -> tuple[np.ndarray, str]:
        """Run Langevin dynamics."""
        subject = self._subject
        (seed,) = np.random.SeedSequence([subject.seed, 1]).generate_state(1)
        integrator = langevin_integrator(
            temperature_kelvin=subject.temperature_kelvin,
            friction_per_ps=friction_per_ps,
            timestep_fs=TIMESTEP_FS,
            # OpenMM takes 0 for "any seed".
            seed=1 + int(seed) % (2**31 - 2),
        )
        return self._run(
            start, integrator, duration_ps=duration_ps, weights=weights, stage="weak friction"
        )

    def nose_hoover_kinetic_ev(
        self, start: "StartPoint", *, duration_ps: float, weights: np.ndarray
    ) -> tuple[np.ndarray, str]:
        """Run a Nosé–Hoover chain on all atoms together, from a point of the canonical ensemble.

        OpenMM counts the degrees of freedom as the start has them: three an atom, less the
        constraints. The start must therefore keep the motion of the centre of mass and the
        rotation; without them the rest of a water molecule would be heated to three times the
        temperature.
        """
        integrator = openmm.NoseHooverIntegrator(
            self._subject.temperature_kelvin, NOSE_HOOVER_FREQUENCY_PER_PS, ps_from_fs(TIMESTEP_FS)
        )
        integrator.setConstraintTolerance(TOLERANCE)
        return self._run(
            start, integrator, duration_ps=duration_ps, weights=weights, stage="global thermostat"
        )

    def _run(
        self,
        start: "StartPoint",
        integrator: openmm.Integrator,
        *,
        duration_ps: float,
        weights: np.ndarray,
        stage: str,
    ) -> tuple[np.ndarray, str]:
        subject = self._subject
        simulation = make_simulation(
            start.system,
            subject.molecule,
            integrator,
            platform=subject.platform,
            positions_angstrom=start.positions_angstrom,
        )
        context = simulation.context
        context.setVelocities(nm_from_angstrom(start.velocities_angstrom_per_ps))
        simulation.reporters.append(
            StabilityReporter(
                WATCH_STEPS,
                subject.molecule,
                positions_angstrom=subject.molecule.positions_angstrom,
                temperature_kelvin=subject.temperature_kelvin,
                limits=subject.stability_limits,
            )
        )
        report = subject.progress(stage)
        rows = max(1, round(fs_from_ps(duration_ps) / TIMESTEP_FS) // ROW_STEPS)
        energies = np.empty((rows, weights.shape[1]))
        for row in range(rows):
            try:
                step_watched(simulation, ROW_STEPS)
            except UnstableError as error:
                return energies[:row], error.message
            velocities = velocities_angstrom_per_ps(context.getState(velocities=True))
            energies[row] = (velocities**2).sum(axis=1) @ weights
            report(row + 1, rows)
        return energies, ""
