"""Velocities and positions at a temperature, from Langevin dynamics."""

import numpy as np

from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.reporters import UnstableError
from openmm_mlff.reporters.quantities import degrees_of_freedom, masses_amu
from openmm_mlff.simulation.constraints import constrained_pairs
from openmm_mlff.simulation.sampling import sample_langevin

TIMESTEP_FS = 1.0
FRICTION_PER_PS = 10.0
EQUILIBRATION_PS = 0.5
INTERVAL_STEPS = 10


def probe_kinetic_distribution(subject: ProbeSubject) -> ProbeOutcome:
    """Sample the canonical ensemble.

    Args:
        subject: what to probe.

    Returns:
        `velocities_angstrom_per_ps` and `positions_angstrom` (S, N, 3), `time_ps` (S,),
        `masses_amu` (N,), and `constrained` (N,), the atoms at a fixed distance from another.
        Where the molecule broke, no arrays but a `failure` in the data.
    """
    system = subject.potential.create_system(subject.molecule, precision=subject.precision)
    data = {
        "temperature_kelvin": subject.temperature_kelvin,
        "timestep_fs": TIMESTEP_FS,
        "friction_per_ps": FRICTION_PER_PS,
        "equilibration_ps": EQUILIBRATION_PS,
        "duration_ps": subject.spec.sampling_ps,
        "degrees_of_freedom": degrees_of_freedom(system),
        "failure": "",
    }
    try:
        samples = sample_langevin(
            system,
            subject.molecule,
            platform=subject.platform,
            start_positions_angstrom=subject.molecule.positions_angstrom,
            temperature_kelvin=subject.temperature_kelvin,
            timestep_fs=TIMESTEP_FS,
            friction_per_ps=FRICTION_PER_PS,
            equilibration_ps=EQUILIBRATION_PS,
            duration_ps=subject.spec.sampling_ps,
            interval_steps=INTERVAL_STEPS,
            seed=subject.seed,
        )
    except UnstableError as error:
        return ProbeOutcome(data=data | {"failure": error.message})
    return ProbeOutcome(
        data=data,
        arrays={
            "velocities_angstrom_per_ps": samples.velocities_angstrom_per_ps,
            "positions_angstrom": samples.positions_angstrom,
            "time_ps": samples.time_ps,
            "masses_amu": masses_amu(system),
            "constrained": np.isin(np.arange(subject.molecule.n_atoms), constrained_pairs(system)),
        },
    )
