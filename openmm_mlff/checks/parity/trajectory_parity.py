"""Do OpenMM and ASE compute the same trajectory from the same start?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import fields, largest
from openmm_mlff.config import Limits
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

TIMESTEP_FS = 0.5
TEMPERATURE_KELVIN = 300.0


@record
class Record:
    """Largest distance of an atom in OpenMM from the same in ASE, by step, from one start.

    The largest displacement is that of an atom in ASE since the first step.
    """

    dtype: str
    difference_angstrom: np.ndarray = array("steps")
    largest_displacement_angstrom: float


def measure(subject: Subject) -> Record | NotApplicable:
    """Run both integrators from the minimum with the same velocities."""
    found = subject.paths.run_both(
        temperature_kelvin=TEMPERATURE_KELVIN,
        timestep_fs=TIMESTEP_FS,
        steps=subject.spec.parity_steps,
    )
    if found is None:
        return NotApplicable("the System has constraints, which ASE's velocity Verlet lacks")
    in_openmm, in_ase = found
    with np.errstate(invalid="ignore"):
        return Record(
            dtype=subject.dtype,
            difference_angstrom=np.linalg.norm(in_openmm - in_ase, axis=-1).max(axis=1),
            largest_displacement_angstrom=float(np.linalg.norm(in_ase - in_ase[0], axis=-1).max()),
        )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the largest distance with its limit; INCONCLUSIVE where no atom moved."""
    limit = limits[f"positions_{record.dtype}"]
    apart, steps = record.difference_angstrom, len(record.difference_angstrom)
    beyond = np.flatnonzero(~(apart <= limit.value))
    evidence = fields(record, "difference_angstrom", "largest_displacement_angstrom")
    evidence["first_frame_beyond"] = int(beyond[0]) if len(beyond) else None
    if steps > 1 and record.largest_displacement_angstrom == 0.0 and not len(beyond):
        return inconclusive("no atom moved, so nothing was compared", evidence=evidence)
    clause = f"over {steps} steps of {TIMESTEP_FS:g} fs atoms in OpenMM and in ASE are apart by"
    return judged([Measure(f"{clause} up to", largest(apart), limit)], evidence=evidence)


CHECK = define(
    __name__,
    formula="max |x_OpenMM(t) − x_ASE(t)|, VerletIntegrator against VelocityVerlet",
    limits={"positions_float32": "Å", "positions_float64": "Å"},
    source="velocity Verlet and leapfrog are one trajectory; OpenMM's velocities lag half a step",
    consequence="The same model has different dynamics in OpenMM and in ASE; their results cannot "
    "be compared.",
    remedy="A difference from the first step on comes from masses, units or the half step of the "
    "velocities; one that grows exponentially later is rounding: validate in double precision.",
    needs=("minimum",),
)
