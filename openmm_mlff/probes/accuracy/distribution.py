"""Where does the reference's own dynamics take the atoms?"""

import openmm

from openmm_mlff.potentials import Potential
from openmm_mlff.probes.dynamics.kinetic_distribution import (
    EQUILIBRATION_PS,
    FRICTION_PER_PS,
    INTERVAL_STEPS,
    TIMESTEP_FS,
)
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, not_applicable
from openmm_mlff.reporters import UnstableError
from openmm_mlff.simulation.sampling import sample_langevin


def probe_distribution(subject: ProbeSubject, reference: Potential) -> ProbeOutcome:
    """Sample the reference as the probe ``kinetic_distribution`` samples the potential.

    Start, temperature, thermostat, timestep and seed are the same, so that the two differ by their
    forces alone.

    Args:
        subject: at the potential's minimum.
        reference: what is sampled.

    Returns:
        `positions_angstrom` (S, N, 3) and `time_ps` (S,).  Where the run broke off, no arrays but
        `failure` in the data.
    """
    molecule = subject.molecule
    if molecule.n_atoms < 2:
        return not_applicable("one atom alone has no distances")
    data = {
        "reference": reference.spec,
        "temperature_kelvin": subject.temperature_kelvin,
        "timestep_fs": TIMESTEP_FS,
        "friction_per_ps": FRICTION_PER_PS,
        "equilibration_ps": EQUILIBRATION_PS,
        "duration_ps": subject.spec.sampling_ps,
        "failure": "",
    }
    system = reference.create_system(molecule, precision="double")
    try:
        samples = sample_langevin(
            system,
            molecule,
            platform=subject.platform,
            start_positions_angstrom=molecule.positions_angstrom,
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
    except openmm.OpenMMException as error:
        # What a PythonForce raises reaches us as OpenMM's own; a refusal is among it.
        return ProbeOutcome(data=data | {"failure": " ".join(str(error).split())})
    return ProbeOutcome(
        data=data,
        arrays={"positions_angstrom": samples.positions_angstrom, "time_ps": samples.time_ps},
    )
