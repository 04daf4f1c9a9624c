"""Does OpenMM compute what the ASE path of the same model computes?"""

import numpy as np

from openmm_mlff.potentials import Potential
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, distorted_positions
from openmm_mlff.probes.openmm_calls import evaluate_in_openmm
from openmm_mlff.simulation.platforms import usable_platforms


def probe_openmm_parity(subject: ProbeSubject) -> ProbeOutcome:
    """Compare every platform, precision and backend that is present with the ASE path.

    Args:
        subject: what to probe.

    Returns:
        `ase_energies_ev` (G,), `ase_forces` (G, N, 3), and for each path `energies_ev_KEY` and
        `forces_KEY`; the paths stand in the data.
    """
    molecule, spec = subject.molecule, subject.spec
    positions = distorted_positions(
        molecule, spec.geometries, scale_angstrom=spec.distortion_angstrom, seed=subject.seed
    )
    # The base class goes geometry by geometry through ASE; a batched override would not be the
    # path that an ASE user runs.
    ase = Potential.evaluate(subject.potential, molecule, positions, precision=subject.precision)
    arrays: dict[str, np.ndarray] = {
        "ase_energies_ev": ase.energies_ev,
        "ase_forces": ase.forces_ev_per_angstrom,
    }
    paths = []
    backends = {"": subject.potential, **subject.potential.other_backends()}
    for backend, potential in backends.items():
        system = potential.create_system(molecule, precision=subject.precision)
        for platform in usable_platforms(system, molecule.positions_angstrom):
            key = "_".join(filter(None, (platform.name, platform.precision, backend)))
            found = evaluate_in_openmm(system, molecule, positions, platform=platform)
            arrays[f"energies_ev_{key}"] = found.energies_ev
            arrays[f"forces_{key}"] = found.forces_ev_per_angstrom
            paths.append(
                {
                    "platform": platform.name,
                    "precision": platform.precision,
                    "backend": backend,
                    "key": key,
                    "single_precision": platform.hands_over_single
                    or (potential.has_force_field and platform.precision != "double"),
                }
            )
    return ProbeOutcome(data={"dtype": subject.dtype, "paths": paths}, arrays=arrays)
