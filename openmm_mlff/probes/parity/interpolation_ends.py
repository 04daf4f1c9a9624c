"""Does an ML/MM system add up, and does its interpolation end where it should?"""

from collections.abc import Mapping

import numpy as np
import openmm

from openmm_mlff.potentials import Evaluation
from openmm_mlff.potentials.engine import Engine
from openmm_mlff.potentials.mixed import MixedPotential
from openmm_mlff.potentials.openmmml.mixing import INTERPOLATION
from openmm_mlff.probes.model import (
    ProbeOutcome,
    ProbeSubject,
    distorted_positions,
    not_applicable,
)

MOST_GEOMETRIES = 4
"""The Reference platform takes about a second for each with a thousand atoms."""

_PRECISION = "double"
_LAMBDAS = {"lambda_0": 0.0, "lambda_half": 0.5, "lambda_1": 1.0}


def probe_interpolation_ends(subject: ProbeSubject) -> ProbeOutcome:
    """Compare the parts of an ML/MM system with the whole, in double precision on Reference.

    The force field alone (``mm``), the mixed System (``mixed``), the sum of its parts (``sum``:
    E_MM(all) − E_MM(ML part alone) + E_ML(ML part)), and the interpolated System at three values
    of its parameter (``lambda_0``, ``lambda_half``, ``lambda_1``).

    Args:
        subject: what to probe.

    Returns:
        For each of the six, `energies_ev_NAME` (G,) and `forces_NAME` (G, N, 3): the minimum
        first, then distorted geometries.
    """
    potential, molecule = subject.potential, subject.molecule
    if not isinstance(potential, MixedPotential):
        return not_applicable(
            f"{potential.spec} describes all atoms here; there is no force field to mix it with"
        )
    count = min(subject.spec.geometries, MOST_GEOMETRIES) - 1
    distorted = distorted_positions(
        molecule, count, scale_angstrom=subject.spec.distortion_angstrom, seed=subject.seed
    )
    positions = np.concatenate([molecule.positions_angstrom[None], distorted])
    mm = _evaluated(potential.mm_system(molecule), positions)
    found = {
        "mm": mm,
        "mixed": _evaluated(potential.create_system(molecule, precision=_PRECISION), positions),
        "sum": _sum_of_parts(subject, potential, mm, positions),
        **_interpolated(subject, potential, positions),
    }
    arrays: dict[str, np.ndarray] = {}
    for name, points in found.items():
        arrays[f"energies_ev_{name}"] = points.energies_ev
        arrays[f"forces_{name}"] = points.forces_ev_per_angstrom
    data = {"platform": "Reference", "n_ml_atoms": len(potential.ml_atoms)}
    return ProbeOutcome(data=data, arrays=arrays)


def _sum_of_parts(
    subject: ProbeSubject, potential: MixedPotential, mm: Evaluation, positions: np.ndarray
) -> Evaluation:
    """Take the ML part's own force field out of the whole and put the potential in."""
    part = potential.ml_part(subject.molecule)
    placed = positions[:, potential.ml_atoms]
    inside = _evaluated(potential.mm_system_of_part(), placed)
    learned = potential.ml_potential.evaluate(part, placed, precision=_PRECISION)
    forces = mm.forces_ev_per_angstrom.copy()
    forces[:, potential.ml_atoms] += learned.forces_ev_per_angstrom - inside.forces_ev_per_angstrom
    return Evaluation(mm.energies_ev - inside.energies_ev + learned.energies_ev, forces)


def _interpolated(
    subject: ProbeSubject, potential: MixedPotential, positions: np.ndarray
) -> Mapping[str, Evaluation]:
    """Evaluate the interpolated System at both ends and half-way."""
    system = potential.create_system(subject.molecule, precision=_PRECISION, interpolate=True)
    return {
        name: _evaluated(system, positions, parameters={INTERPOLATION: value})
        for name, value in _LAMBDAS.items()
    }


def _evaluated(
    system: openmm.System, positions: np.ndarray, *, parameters: Mapping[str, float] | None = None
) -> Evaluation:
    """Evaluate geometries on the Reference platform, in the System's own box."""
    engine = Engine(system, precision=_PRECISION)
    for name, value in (parameters or {}).items():
        engine.set_parameter(name, value)
    found = [engine.evaluate(placed) for placed in positions]
    return Evaluation(
        np.array([energy for energy, _ in found]), np.array([forces for _, forces in found])
    )
