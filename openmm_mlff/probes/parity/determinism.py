"""Does the same geometry give the same answer, every time?"""

import numpy as np

from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, distorted_positions
from openmm_mlff.probes.openmm_calls import evaluate_in_openmm


def probe_determinism(subject: ProbeSubject) -> ProbeOutcome:
    """Evaluate x1, x2, x1, x2, ... in one Context and keep the answers for x1.

    State kept between calls, dropout left on and stale neighbour lists all make them differ.

    Args:
        subject: what to probe.

    Returns:
        `energies_ev` (R,) and `forces` (R, N, 3) of one geometry.
    """
    first, second = distorted_positions(
        subject.molecule, 2, scale_angstrom=subject.spec.distortion_angstrom, seed=subject.seed
    )
    system = subject.potential.create_system(subject.molecule, precision=subject.precision)
    asked = np.array([first, second] * subject.spec.repeats)
    found = evaluate_in_openmm(system, subject.molecule, asked, platform=subject.platform)
    return ProbeOutcome(
        data={"platform": subject.platform.name, "dtype": subject.dtype},
        arrays={"energies_ev": found.energies_ev[::2], "forces": found.forces_ev_per_angstrom[::2]},
    )
