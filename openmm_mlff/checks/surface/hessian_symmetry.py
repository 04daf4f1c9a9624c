"""Do the forces derive from an energy?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import fields, largest, too_many_refused
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS
from openmm_mlff.config import Limits
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record


@record
class Record:
    """Asymmetry of the force Jacobian J at several geometries, the minimum first."""

    # λ = ‖(J − Jᵀ)/2‖ / ‖J‖, Frobenius norms; 0 where J vanishes
    asymmetry: np.ndarray = array("geometries")
    norm_ev_per_angstrom2: np.ndarray = array("geometries")  # ‖J‖
    refused: np.ndarray = array("geometries")  # geometries at which the potential refused a point
    asymmetry_of_noise: float  # λ of a symmetric J with the noise of the forces
    displaced_atoms: int
    reasons: tuple[str, ...] = ()  # why the potential refused the first refused points


def measure(subject: Subject) -> Record:
    """Compute λ from the shared Jacobians.

    Noise σ of a force component leaves a deviation s = σ / (√2 h) in each entry of J, and s / √2
    in each of (J − Jᵀ)/2.
    """
    hessian, jacobians = subject.hessian, subject.hessian.jacobians
    norms = np.linalg.norm(jacobians, axis=(1, 2))
    antisymmetric = 0.5 * np.linalg.norm(jacobians - jacobians.swapaxes(1, 2), axis=(1, 2))
    deviation = subject.noise.force_ev_per_angstrom / (2.0 * hessian.step_angstrom)
    smallest = float(np.nanmin(norms)) if np.isfinite(norms).any() else float("nan")
    return Record(
        asymmetry=np.divide(antisymmetric, norms, out=np.zeros_like(norms), where=norms != 0.0),
        norm_ev_per_angstrom2=norms,
        refused=hessian.refused,
        asymmetry_of_noise=float(jacobians.shape[1] * deviation / max(smallest, 1e-300)),
        displaced_atoms=len(hessian.atoms),
        reasons=hessian.reasons,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest λ with ``asymmetry`` (ratio); noise of the forces may explain it."""
    if undecided := too_many_refused(record.refused, reasons=record.reasons):
        return undecided
    clause = "the antisymmetric part of the force Jacobian, relative to the whole, is"
    measure = Measure(clause, largest(record.asymmetry[~record.refused]), limits["asymmetry"])
    detectable = DETECTABLE_SIGMAS * record.asymmetry_of_noise
    evidence = fields(record, "norm_ev_per_angstrom2", "displaced_atoms")
    evidence |= {"asymmetry_by_geometry": record.asymmetry, "detection_limit": detectable}
    if not measure.ok and measure.value <= detectable:
        hidden = f"the noise of the forces hides up to {detectable:.2g}; run in double precision"
        return inconclusive(f"{measure.text()}, and {hidden}", evidence=evidence)
    return judged([measure], evidence=evidence, refused=record.refused)


CHECK = define(
    __name__,
    formula="λ = ‖(J − Jᵀ)/2‖ / ‖J‖, J = dF/dx by central differences of 1e-3 Å",
    limits={"asymmetry": "ratio"},
    source="ml-peg jacobian_symmetry; Bigi et al. 2025, The dark side of the forces",
    consequence="A closed path gains energy: NVE runs heat up, and a thermostat hides it.",
    remedy="Take the forces as the gradient of the energy instead of predicting them directly.",
    needs=(*OWN_GEOMETRIES, "noise", "hessian"),
)
