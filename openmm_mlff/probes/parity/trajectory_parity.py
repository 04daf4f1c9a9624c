"""Do OpenMM and ASE follow the same path from the same start?"""

import numpy as np
import openmm

from openmm_mlff import units
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.simulation.ase_path import velocity_verlet_positions
from openmm_mlff.simulation.contexts import make_simulation

TIMESTEP_FS = 0.5
TEMPERATURE_KELVIN = 300.0


def probe_trajectory_parity(subject: ProbeSubject) -> ProbeOutcome:
    """Run both integrators from the minimum with the same velocities.

    OpenMM's leapfrog takes velocities to be those of half a step ago, velocity Verlet those of
    now: v(−dt/2) = v(0) − ½ dt F/m makes the two the same algorithm.

    Args:
        subject: what to probe.

    Returns:
        `openmm_positions_angstrom` and `ase_positions_angstrom`, (S, N, 3), after each step.
    """
    molecule, steps = subject.molecule, subject.spec.parity_steps
    velocities = thermal_velocities(molecule.masses_amu, TEMPERATURE_KELVIN, seed=subject.seed)
    system = subject.potential.create_system(molecule, precision=subject.precision)
    if system.getNumConstraints():
        return not_applicable("the system fixes distances, which ASE's velocity Verlet does not")
    integrator = openmm.VerletIntegrator(units.ps_from_fs(TIMESTEP_FS))
    simulation = make_simulation(
        system,
        molecule,
        integrator,
        platform=subject.platform,
        positions_angstrom=molecule.positions_angstrom,
    )
    context = simulation.context
    forces = context.getState(forces=True).getForces(asNumpy=True)._value
    kick = 0.5 * units.ps_from_fs(TIMESTEP_FS) * forces / molecule.masses_amu[:, None]
    context.setVelocities(units.nm_from_angstrom(velocities) - kick)
    in_openmm = np.empty((steps, molecule.n_atoms, 3))
    for step in range(steps):
        integrator.step(1)
        placed = context.getState(positions=True).getPositions(asNumpy=True)._value
        in_openmm[step] = units.angstrom_from_nm(placed)
    in_ase = velocity_verlet_positions(
        molecule,
        subject.potential.ase_calculator(precision=subject.precision),
        velocities_angstrom_per_ps=velocities,
        timestep_fs=TIMESTEP_FS,
        steps=steps,
    )
    return ProbeOutcome(
        data={"dtype": subject.dtype, "timestep_fs": TIMESTEP_FS, "steps": steps},
        arrays={"openmm_positions_angstrom": in_openmm, "ase_positions_angstrom": in_ase},
    )


def thermal_velocities(
    masses_amu: np.ndarray, temperature_kelvin: float, *, seed: int
) -> np.ndarray:
    """Draw Maxwell-Boltzmann velocities: each component normal with variance kT/m.

    Args:
        masses_amu: (N,).
        temperature_kelvin: T.
        seed: of the draw.

    Returns:
        Å/ps, (N, 3).
    """
    rng = np.random.default_rng(seed)
    thermal_ev = units.BOLTZMANN_EV_PER_KELVIN * temperature_kelvin
    scale = np.sqrt(thermal_ev / (masses_amu * units.EV_PER_AMU_ANGSTROM2_PER_PS2))
    return rng.normal(size=(len(masses_amu), 3)) * scale[:, None]
