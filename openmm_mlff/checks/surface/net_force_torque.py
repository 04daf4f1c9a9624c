"""Do the forces push or rotate the whole system?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import largest_norm, too_many_refused
from openmm_mlff.checks.surface.moves import Noisy, noise_of
from openmm_mlff.config import Limits
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV


@record
class Record(Noisy):
    """Net force and torque at G geometries."""

    net_force_ev_per_angstrom: np.ndarray = array("geometries", 3)  # Σ F / N
    # Σ (x − x_c) × F about the centroid; None in a box, where images exert torques
    torque_ev: np.ndarray | None = array("geometries", 3, default=None)
    refused: np.ndarray = array("geometries")  # geometries that the potential refused
    n_atoms: int
    # the geometries; certificates repeat them with energies and forces
    positions_angstrom: np.ndarray = array("geometries", "N", 3)
    energies_ev: np.ndarray = array("geometries")
    forces: np.ndarray = array("geometries", "N", 3)  # eV/Å


def measure(subject: Subject) -> Record:
    """Sum forces and torques at every geometry."""
    geometries = subject.geometries()
    found = subject.evaluate(geometries)
    forces = found.forces_ev_per_angstrom
    arms = geometries - geometries.mean(axis=1, keepdims=True)
    return Record(
        net_force_ev_per_angstrom=forces.mean(axis=1),
        torque_ev=None if subject.molecule.is_periodic else np.cross(arms, forces).sum(axis=1),
        refused=found.refused,
        n_atoms=geometries.shape[1],
        positions_angstrom=geometries,
        energies_ev=found.energies_ev,
        forces=forces,
        refusals=found.reasons,
        **noise_of(subject),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest net force with ``force`` (meV/Å), and torque with ``torque`` (meV)."""
    if undecided := too_many_refused(record.refused, reasons=record.refusals):
        return undecided
    known = ~record.refused
    force = MEV_PER_EV * largest_norm(record.net_force_ev_per_angstrom[known])
    measures = [Measure("the net force per atom is up to", force, limits["force"])]
    if record.torque_ev is not None:
        torque = MEV_PER_EV * largest_norm(record.torque_ev[known])
        measures.append(Measure("the net torque is up to", torque, limits["torque"]))
    evidence = {"detection_limit": record.detection_limit(n_atoms=record.n_atoms)}
    return judged(measures, evidence=evidence, refused=record.refused)


CHECK = define(
    __name__,
    formula="|Σ F| / N, |Σ (x − x_c) × F|",
    limits={"force": "meV/Å", "torque": "meV"},
    source="Newton's third law; limits as for translations and rotations",
    consequence="An isolated molecule accelerates or starts to rotate by itself.",
    remedy="Derive the forces from an energy that is invariant under translation and rotation; "
    "project the net force and torque out of directly predicted forces.",
    needs=(*OWN_GEOMETRIES, "noise"),
)
