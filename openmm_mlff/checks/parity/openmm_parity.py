"""Does OpenMM compute what the model computes?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Subject, define, inconclusive
from openmm_mlff.checks.parity.comparison import (
    Comparison,
    compared_geometries,
    judge_comparison,
    largest_differences,
)
from openmm_mlff.config import Limits
from openmm_mlff.storage.typed import record


@record
class Record(Comparison):
    """Differences of evaluations through OpenMM from that through ASE.

    A backend is empty for the one requested; `single_precision` is whether the platform rounds
    positions or forces to float32.
    """

    platforms: tuple[str, ...]
    precisions: tuple[str, ...]
    backends: tuple[str, ...]
    single_precision: tuple[bool, ...]


def measure(subject: Subject) -> Record:
    """Evaluate geometries through ASE and on every platform, precision and backend."""
    geometries = compared_geometries(subject)
    ase = subject.paths.through_ase(geometries)
    known = ~ase.refused
    paths = subject.paths.everywhere_in_openmm(geometries[known])
    ideal = ase.energies_ev[known], ase.forces_ev_per_angstrom[known]
    computed = [(path.energies_ev, path.forces_ev_per_angstrom) for path in paths]
    found = [largest_differences(one, ideal, n_atoms=geometries.shape[1]) for one in computed]
    energies, forces = np.reshape(found, (-1, 2)).T
    return Record(
        dtype=subject.dtype,
        energy_differences=energies,
        force_differences=forces,
        refused=ase.refused,
        refusals=ase.reasons,
        platforms=tuple(path.platform for path in paths),
        precisions=tuple(path.precision for path in paths),
        backends=tuple(path.backend for path in paths),
        single_precision=tuple(path.single_precision for path in paths),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Judge the differences by the limits for the precision of weights and platform."""
    if not record.platforms:
        return inconclusive("no OpenMM platform was compared")
    paths = zip(record.platforms, record.precisions, record.backends, strict=True)
    # The backend that was requested need not be named.
    labels = [f"{name} ({bits}{other and f', {other} backend'})" for name, bits, other in paths]
    of_model, of_single = limits[f"forces_{record.dtype}"], limits["forces_single_precision"]
    return judge_comparison(
        record,
        pairs=[f"through OpenMM on {label} differ from those through ASE" for label in labels],
        force_limits=[of_single if single else of_model for single in record.single_precision],
        energy_limit=limits["energy"],
        evidence={},
    )


CHECK = define(
    __name__,
    formula="max |F_OpenMM − F_ASE|, max |E_OpenMM − E_ASE| / N, each platform, precision and "
    "backend",
    limits={
        "forces_float32": "eV/Å",
        "forces_float64": "eV/Å",
        "forces_single_precision": "eV/Å",
        "energy": "meV/atom",
    },
    source="rounding of float32 and float64; single-precision platforms round positions and forces",
    consequence="The simulation does not integrate the model's forces: units, the order of atoms "
    "or the precision differ in OpenMM.",
    remedy="The evidence lists which platform differs; compare its units and its order of atoms "
    "with those in ASE, and use another platform or precision until it is fixed.",
    needs=("minimum",),
)
