"""Does a molecule push or turn itself?"""

from openmm_mlff.probes.evaluation import evaluate_each
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject
from openmm_mlff.probes.surface.noise import measure_noise


def probe_net_force_torque(subject: ProbeSubject) -> ProbeOutcome:
    """Give the forces on every geometry.

    Args:
        subject: what to probe.

    Returns:
        `positions_angstrom` and `forces`, (G, N, 3), and `refused` (G,).
    """
    geometries = subject.geometries()
    found = evaluate_each(subject, subject.molecule, geometries)
    return ProbeOutcome(
        data=found.refusals(),
        arrays={
            "positions_angstrom": geometries,
            "forces": found.forces_ev_per_angstrom,
            "refused": found.refused,
            **measure_noise(subject),
        },
    )
