"""Does OpenMM compute what the model computes?"""

from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, inconclusive
from openmm_mlff.checks.inputs import by_dtype
from openmm_mlff.checks.parity.comparison import (
    Comparison,
    compared_geometries,
    energy_difference,
    force_difference,
    judge_comparison,
)
from openmm_mlff.config import Limits
from openmm_mlff.storage.typed import record

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject


@record
class Record(Comparison):
    """Differences of the paths through OpenMM from the one through ASE.

    Attributes:
        platforms: of each path.
        precisions: of its platform.
        backends: of the potential; empty for the one that was asked for.
        single_precision: whether the platform rounds positions or forces to float32.
    """

    platforms: tuple[str, ...]
    precisions: tuple[str, ...]
    backends: tuple[str, ...]
    single_precision: tuple[bool, ...]


def measure(subject: "Subject") -> Record:
    """Evaluate geometries through ASE and on every platform, precision and backend."""
    geometries = compared_geometries(subject)
    ase = subject.paths.through_ase(geometries)
    known = ~ase.refused
    paths = subject.paths.everywhere_in_openmm(geometries[known])
    energies_ev, forces = ase.energies_ev[known], ase.forces_ev_per_angstrom[known]
    n_atoms = subject.molecule.n_atoms
    return Record(
        dtype=subject.dtype,
        energy_differences=np.array(
            [energy_difference(path.energies_ev, energies_ev, n_atoms=n_atoms) for path in paths]
        ),
        force_differences=np.array([force_difference(path.forces, forces) for path in paths]),
        refused=ase.refused,
        refusals=ase.reasons,
        platforms=tuple(path.platform for path in paths),
        precisions=tuple(path.precision for path in paths),
        backends=tuple(path.backend for path in paths),
        single_precision=tuple(path.single_precision for path in paths),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the differences with their limits, by the precision of weights and platform."""
    if not record.platforms:
        return inconclusive("no OpenMM platform was compared")
    paths = list(zip(record.platforms, record.precisions, record.backends, strict=True))
    # The backend that was asked for need not be named.
    labels = [
        f"{platform} ({precision}{backend and f', {backend} backend'})"
        for platform, precision, backend in paths
    ]
    of_model = by_dtype(limits, dtype=record.dtype, quantity="forces")
    of_single = limits["forces_single_precision"]
    names = ("platform", "precision", "backend")
    return judge_comparison(
        record,
        pairs=[f"through OpenMM on {label} differ from the ASE path" for label in labels],
        force_limits=[of_single if single else of_model for single in record.single_precision],
        energy_limit=limits["energy"],
        evidence={"paths": [dict(zip(names, path, strict=True)) for path in paths]},
    )


CHECK = Check(
    id="openmm_parity",
    group="parity",
    question="Does OpenMM compute what the model computes?",
    formula="max |F_OpenMM − F_ASE|, max |E_OpenMM − E_ASE| / N, each platform, precision and "
    "backend",
    unit="eV/Å",
    limits={
        "forces_float32": "eV/Å",
        "forces_float64": "eV/Å",
        "forces_single_precision": "eV/Å",
        "energy": "meV/atom",
    },
    source="rounding of float32 and float64; single-precision platforms round positions and forces",
    consequence="The simulation integrates other forces than the model's: a unit, an atom order "
    "or a precision is lost on the way into OpenMM.",
    remedy="The evidence lists which platform differs; compare its units and atom order with the "
    "ASE path, and use another platform or precision until it is fixed.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum",),
)
