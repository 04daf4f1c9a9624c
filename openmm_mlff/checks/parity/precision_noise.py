"""How rough is the energy surface at the precision it is run in?"""

from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import largest, largest_norm
from openmm_mlff.checks.parity.comparison import compared_geometries
from openmm_mlff.config import Limits
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

WORK_LENGTH_ANGSTROM = 0.01
"""Over this length roughness of the energy is turned into a force: about what a hydrogen atom at
300 K moves in a step of 0.5 fs.  Over steps of 1e-5 Å the last bit of any float32 energy would look
like a force of 0.1 eV/Å, which no integrator feels."""


@record
class Record:
    """The noise of energies along two lines, and what float32 weights change.

    Attributes:
        line_noise_ev: standard deviation about a parabola along 8e-5 Å.
        long_line_noise_ev: about a polynomial along 0.04 Å.
        refused: points of both lines that the potential refused.
        energies_ev: with float32, then with float64 weights; None where there is one precision.
        forces: eV/Å.
    """

    line_noise_ev: float
    long_line_noise_ev: float
    refused: int
    energies_ev: np.ndarray | None = array(2, "geometries", default=None)
    forces: np.ndarray | None = array(2, "geometries", "N", 3, default=None)


def measure(subject: "Subject") -> Record:
    """Evaluate geometries with weights of both precisions, where the potential has them."""
    both: dict[str, np.ndarray] = {}
    if subject.potential.has_two_precisions:
        geometries = compared_geometries(subject)
        single, double = (subject.evaluate(geometries, precision=p) for p in ("single", "double"))
        both["energies_ev"] = np.stack([single.energies_ev, double.energies_ev])
        both["forces"] = np.stack([single.forces_ev_per_angstrom, double.forces_ev_per_angstrom])
    noise = subject.noise
    return Record(
        line_noise_ev=noise.energy_ev,
        long_line_noise_ev=noise.long_line_energy_ev,
        refused=noise.refused,
        **both,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Judge what rounding does to the forces.

    With weights of two precisions the root mean square of F_float32 − F_float64 over all
    components, else the roughness over the short line; in both cases that over the long one.  With
    σ_E the standard deviation of the energy about a smooth curve, the mean force over ℓ = 0.01 Å,
    (E(x + ℓ) − E(x)) / ℓ, is uncertain by √2 σ_E / ℓ.

    Args:
        record: noise, energies and forces.
        limits: ``forces_rms`` (eV/Å).

    Returns:
        PASS where the noise is small.
    """
    evidence: dict[str, Any] = {
        "energy_noise_ev": record.line_noise_ev,
        "long_line_energy_noise_ev": record.long_line_noise_ev,
    }
    if record.refused:
        return inconclusive(
            f"the potential refused {record.refused} points of the lines along which the noise is "
            "measured",
            evidence=evidence,
        )
    limit = limits["forces_rms"]
    if record.forces is None or record.energies_ev is None:
        value, method = _as_force(record.line_noise_ev), {"method": "line"}
        clause = f"the energy's roughness over {WORK_LENGTH_ANGSTROM:g} Å amounts to a force of"
    else:
        value, method = _between_precisions(record.energies_ev, forces=record.forces)
        clause = "forces in float32 differ from those in float64 by a root mean square of"
    long_clause = "the energy's roughness along 0.04 Å amounts to a force of"
    return judged(
        [
            Measure(clause, value, limit),
            Measure(long_clause, _as_force(record.long_line_noise_ev), limit),
        ],
        evidence={**method, **evidence},
    )


def _as_force(energy_noise_ev: float) -> float:
    return float(np.sqrt(2.0) * energy_noise_ev / WORK_LENGTH_ANGSTROM)


def _between_precisions(
    energies_ev: np.ndarray, *, forces: np.ndarray
) -> tuple[float, dict[str, Any]]:
    """Return the root mean square of F_float32 − F_float64, eV/Å, and evidence."""
    with np.errstate(invalid="ignore"):
        off, off_ev = forces[0] - forces[1], energies_ev[0] - energies_ev[1]
        rms = float(np.sqrt(np.mean(off**2)))
    evidence = {
        "method": "float32-float64",
        "geometries": len(off),
        "largest_force_difference_ev_per_angstrom": largest_norm(off),
        "largest_energy_difference_mev_per_atom": largest(off_ev) * MEV_PER_EV / off.shape[1],
    }
    # Energies that are not numbers must not hide behind good forces.
    return (rms if np.isfinite(off_ev).all() else float("nan")), evidence


CHECK = Check(
    id="precision_noise",
    group="parity",
    question="How rough is the energy surface?",
    formula="RMS(F_float32 − F_float64), or √2 σ_E / 0.01 Å; σ_E about smooth curves, two lengths",
    unit="eV/Å",
    limits={"forces_rms": "eV/Å"},
    source="healthy float32 students show 5e-5 to 1.4e-4 eV/Å against differences of the energy",
    consequence="Rounding noise in the forces heats the system slowly; long constant-energy runs "
    "drift whatever the timestep.",
    remedy="Evaluate the model in float64, or subtract the atoms' reference energies inside it so "
    "that float32 has bits to spare.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "noise"),
)
