"""How rough is the energy surface at the precision it is run in?"""

import numpy as np

from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.probes.model import ProbeOutcome, ProbeSubject, distorted_positions
from openmm_mlff.probes.surface.noise import LINE_STEP_ANGSTROM, noise_line

LINE_POINTS = 41
WIDE_STEP_ANGSTROM = 1e-3
"""Of a second line: what rounds coarsely, as half precision does, is flat along the fine one."""

WIDE = {"wide_line_step_angstrom": WIDE_STEP_ANGSTROM}


def probe_precision_noise(subject: ProbeSubject) -> ProbeOutcome:
    """Compare float32 with float64 weights; else sample the energy along a fine line.

    Args:
        subject: what to probe.

    Returns:
        `energies_single_ev`, `energies_double_ev` (G,), `forces_single`, `forces_double`
        (G, N, 3); or `line_energies_ev` (M,) where there is only one precision; and always
        `wide_line_energies_ev` (M,), in steps of 1e-3 Å.
    """
    molecule, spec = subject.molecule, subject.spec
    if not isinstance(subject.potential, StudentPotential):
        return _along_a_line(subject)
    positions = distorted_positions(
        molecule, spec.geometries, scale_angstrom=spec.distortion_angstrom, seed=subject.seed
    )
    single = subject.potential.evaluate(molecule, positions, precision="single")
    double = subject.potential.evaluate(molecule, positions, precision="double")
    return ProbeOutcome(
        data={"method": "float32-float64", **WIDE},
        arrays={
            **_wide_line(subject),
            "energies_single_ev": single.energies_ev,
            "energies_double_ev": double.energies_ev,
            "forces_single": single.forces_ev_per_angstrom,
            "forces_double": double.forces_ev_per_angstrom,
        },
    )


def _along_a_line(subject: ProbeSubject) -> ProbeOutcome:
    """Walk along a random unit direction in steps of 1e-5 Å."""
    positions = noise_line(
        subject.molecule.positions_angstrom, seed=subject.seed, points=LINE_POINTS
    )
    found = subject.potential.evaluate(subject.molecule, positions, precision=subject.precision)
    return ProbeOutcome(
        data={"method": "line", "line_step_angstrom": LINE_STEP_ANGSTROM, **WIDE},
        arrays={"line_energies_ev": found.energies_ev, **_wide_line(subject)},
    )


def _wide_line(subject: ProbeSubject) -> dict[str, np.ndarray]:
    """Walk in steps of 1e-3 Å beside the minimum, where the energy has a slope to show steps on."""
    scale = subject.spec.distortion_angstrom
    positions = noise_line(
        distorted_positions(subject.molecule, 1, scale_angstrom=scale, seed=subject.seed)[0],
        seed=subject.seed,
        points=LINE_POINTS,
        step_angstrom=WIDE_STEP_ANGSTROM,
    )
    found = subject.potential.evaluate(subject.molecule, positions, precision=subject.precision)
    return {"wide_line_energies_ev": found.energies_ev}
