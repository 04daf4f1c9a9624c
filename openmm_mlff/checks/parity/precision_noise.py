"""How rough are the forces?"""

import math
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.parity.comparison import compared_geometries
from openmm_mlff.config import Limits
from openmm_mlff.granularity import is_float32
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, MEV_PER_EV

NAMED_FROM_MEV = 0.01  # lower stairs of the energy are not mentioned in the sentence


@record
class Record:
    """The roughness of forces along two lines, the stairs of the energy, and both precisions."""

    # standard deviation of a component from a smooth curve along 1e-4 Å, eV/Å
    short_line_forces: float
    long_line_forces: float  # the same along 1e-2 Å
    energy_noise_ev: float  # standard deviation of the energy from a smooth curve along 1e-2 Å
    energy_quantum_ev: float  # height of the energy's stairs; 0 where it is as fine as float64
    energy_ev: float
    temperature_kelvin: float
    refused: int  # points of both lines that the potential refused
    # with float32, then with float64 weights; None where there is one precision
    energies_ev: np.ndarray | None = array(2, "geometries", default=None)
    forces: np.ndarray | None = array(2, "geometries", "N", 3, default=None)  # likewise, eV/Å


def measure(subject: Subject) -> Record:
    """Evaluate geometries with weights of both precisions, where the potential has them."""
    both: dict[str, np.ndarray] = {}
    if subject.potential.has_two_precisions:
        geometries = compared_geometries(subject)
        found = [subject.evaluate(geometries, precision=one) for one in ("single", "double")]
        both["energies_ev"] = np.stack([one.energies_ev for one in found])
        both["forces"] = np.stack([one.forces_ev_per_angstrom for one in found])
    noise = subject.noise
    return Record(
        short_line_forces=noise.short_line_force_ev_per_angstrom,
        long_line_forces=noise.long_line_force_ev_per_angstrom,
        energy_noise_ev=noise.energy_ev,
        energy_quantum_ev=noise.energy_quantum_ev,
        energy_ev=float(noise.long_line_energies_ev.mean()),
        temperature_kelvin=subject.temperature_kelvin,
        refused=noise.refused,
        **both,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare every root mean square with ``forces_rms`` (eV/Å).

    The stairs of the energy are reported with the changes that they hide: dynamics follow forces.
    """
    evidence, note = _stairs(record)
    if record.refused:
        reason = f"the potential refused {record.refused} points along which noise is measured"
        return inconclusive(reason, evidence=evidence)
    rough = "the forces depart from a smooth curve along {} Å by a root mean square of".format
    values = {rough("1e-4"): record.short_line_forces, rough("1e-2"): record.long_line_forces}
    # Without this an energy that is not a number would pass with smooth forces.
    if not math.isfinite(record.energy_noise_ev):
        values["the roughness of the energy is"] = record.energy_noise_ev
    if record.forces is not None and record.energies_ev is not None:
        with np.errstate(invalid="ignore"):
            rms = float(np.sqrt(np.mean((record.forces[0] - record.forces[1]) ** 2)))
        values["forces in float32 differ from those in float64 by a root mean square of"] = (
            rms if np.isfinite(record.energies_ev).all() else math.nan
        )
    limit = limits["forces_rms"]
    measures = [Measure(clause, value, limit) for clause, value in values.items()]
    return judged(measures, evidence=evidence, note=note)


def _stairs(record: Record) -> tuple[dict[str, Any], str]:
    """Return the stairs of the energy for the evidence and, where they are high, in words."""
    quantum_ev = record.energy_quantum_ev
    hidden = quantum_ev / (BOLTZMANN_EV_PER_KELVIN * record.temperature_kelvin)
    one_ulp = is_float32(quantum_ev, energy_ev=record.energy_ev)
    evidence = {
        "energy_noise_mev": record.energy_noise_ev * MEV_PER_EV,
        "energy_stairs_mev": quantum_ev * MEV_PER_EV,
        "energy_stairs_are_float32": one_ulp,
        "energy_stairs_over_kt": hidden,
    }
    if not evidence["energy_stairs_mev"] >= NAMED_FROM_MEV:
        return evidence, ""
    cause = ", one float32 ulp" if one_ulp else ""
    note = (
        f"the energy, {record.energy_ev:.0f} eV, is a staircase of "
        f"{quantum_ev * MEV_PER_EV:.3g} meV{cause}, which hides changes below {hidden:.2g} kT; the "
        "forces are judged separately"
    )
    return evidence, note


CHECK = define(
    __name__,
    formula="RMS of F about smooth curves along 1e-4 and 1e-2 Å; RMS(F_float32 − F_float64)",
    limits={"forces_rms": "eV/Å"},
    source="healthy float32 students show 5e-5 to 1.4e-4 eV/Å; ANI-2x in float32 2e-6 eV/Å",
    consequence="Rounding noise in the forces heats the system slowly; long constant-energy runs "
    "drift at any timestep.",
    remedy="Evaluate the model in float64; look for positions, distances or forces that are "
    "rounded to half precision.",
    needs=("minimum", "noise"),
)
