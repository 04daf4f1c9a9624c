"""Is the energy of two distant copies twice that of one?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, inconclusive, judged
from openmm_mlff.checks.inputs import largest, largest_norm, refusal_note, too_many_refused
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy
from openmm_mlff.config import Limits
from openmm_mlff.molecules import two_copies
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import COULOMB_CONSTANT_EV_ANGSTROM, MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

GAPS_ANGSTROM = (50.0, 100.0, 200.0)
"""Each twice the one before, which the extrapolation counts on."""

MOST_GEOMETRIES = 4
ENERGY_EXPONENT = 3
"""Two copies side by side: their charges' and dipoles' terms in 1/r² cancel, and those of dipole
and dipole, of charge and quadrupole, fall as 1/r³."""

FORCE_EXPONENT = 2
"""An atom's share of the charge, in the field of the other copy's charge."""

SEEN_MEV = 1e-3
"""A potential whose copies change less than this, or its noise, at 50 Å has no long range."""

NOISE_OF_EXTRAPOLATION = 3.0
"""Standard deviations of one energy in (8 x(2r) − x(r)) / 7 with x = E(AB) − 2 E(A)."""


@record
class Record(Noisy):
    """Two copies of N atoms against one, at G geometries and D distances.

    Attributes:
        charge: of one copy, e.
        distances_angstrom: by which the copy is shifted.
        energy_excess_ev: E(AB) − 2 E(A).
        force_changes: F(AB) − F(A), eV/Å.
        refused: where the potential refused either.
    """

    charge: int
    distances_angstrom: np.ndarray = array("distances")
    energy_excess_ev: np.ndarray = array("distances", "geometries")
    force_changes: np.ndarray = array("distances", "geometries", 2, "N", 3)
    refused: np.ndarray = array("distances", "geometries")


def measure(subject: "Subject") -> Record | NotApplicable:
    """Evaluate geometries alone, and beside a copy 50, 100 and 200 Å away along x."""
    if not subject.potential.composition_is_free:
        return NotApplicable("the potential has the atoms of one molecule built in")
    if subject.molecule.is_periodic:
        return NotApplicable("periodic_consistency doubles the box")
    geometries = subject.geometries()[:MOST_GEOMETRIES]
    # From centre to centre, twice as far each time.
    distances = np.array(GAPS_ANGSTROM) * (1.0 + np.ptp(geometries[..., 0]) / GAPS_ANGSTROM[0])
    shifts = distances[:, None] * np.array([1.0, 0.0, 0.0])
    pairs = np.concatenate(
        [np.concatenate([geometries, geometries + shift], axis=1) for shift in shifts]
    )
    one = subject.evaluate(geometries)
    two = subject.evaluate(pairs, molecule=two_copies(subject.molecule, shift_angstrom=shifts[0]))
    shape = len(distances), len(geometries)
    forces = two.forces_ev_per_angstrom.reshape(*shape, 2, -1, 3)
    noise = subject.noise
    return Record(
        charge=subject.molecule.charge,
        distances_angstrom=distances,
        energy_excess_ev=two.energies_ev.reshape(shape) - 2.0 * one.energies_ev,
        force_changes=forces - one.forces_ev_per_angstrom[:, None],
        refused=one.refused | two.refused.reshape(shape),
        refusals=(*one.reasons, *two.reasons)[:10],
        # The energy of two copies is rounded twice as coarsely.
        energy_noise_ev=max(noise.energy_ev, 2.0 * noise.energy_quantum_ev),
        force_noise_ev_per_angstrom=noise.force_ev_per_angstrom,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare what distant copies do to each other with physics.

    A potential without long range changes nothing at any distance.  Of one with long range, the
    Coulomb energy of the two net charges, q² e²/4πε₀r, is taken off, and what is left must fall as
    1/r³: its limit at infinity, (8 x(2r) − x(r)) / 7, must vanish.  Of the change of an atom's
    force, which falls as 1/r² or faster, (4 x(2r) − x(r)) / 3 must.

    Args:
        record: the differences.
        limits: ``energy`` (meV), ``forces`` (meV/Å).

    Returns:
        PASS where either holds.
    """
    undecided = too_many_refused(record.refused, reasons=record.refusals)
    if undecided is not None:
        return undecided
    known = ~record.refused.any(axis=0)
    if not known.any():
        return inconclusive("no geometry was evaluated at every distance")
    excess_mev = MEV_PER_EV * record.energy_excess_ev[:, known]
    forces = MEV_PER_EV * record.force_changes[:, known]
    is_short = largest(excess_mev) <= limits["energy"].value
    is_short &= largest_norm(forces) <= limits["forces"].value
    rest_mev = excess_mev - coulomb_mev(record)[:, None]
    if is_short:
        energy_mev, force = largest(excess_mev), largest_norm(forces)
    else:
        energy_mev = largest(at_infinity(rest_mev, exponent=ENERGY_EXPONENT))
        force = largest_norm(at_infinity(forces, exponent=FORCE_EXPONENT))
    left = "a distant copy changes" if is_short else "what does not fall off as it should changes"
    evidence = _evidence(record, excess_mev=excess_mev, rest_mev=rest_mev)
    judgement = judged(
        [
            Measure(f"{left} the energy by up to", energy_mev, limits["energy"]),
            Measure(f"{left} the forces by up to", force, limits["forces"]),
        ],
        evidence=evidence,
        note="; ".join(filter(None, [_range(evidence), refusal_note(record.refused)])),
    )
    noise_mev = DETECTABLE_SIGMAS * NOISE_OF_EXTRAPOLATION * MEV_PER_EV * record.energy_noise_ev
    if limits["energy"].value < energy_mev <= noise_mev and force <= limits["forces"].value:
        return inconclusive(
            f"{left} the energy by up to {energy_mev:.3g} meV, and its noise alone may change it "
            f"by {noise_mev:.3g} meV",
            evidence=evidence,
        )
    return judgement


def coulomb_mev(record: Record) -> np.ndarray:
    """Return the energy of the two net charges at each distance, (D,), meV."""
    energy_ev = record.charge**2 * COULOMB_CONSTANT_EV_ANGSTROM / record.distances_angstrom
    return np.asarray(MEV_PER_EV * energy_ev)


def at_infinity(values: np.ndarray, *, exponent: int) -> np.ndarray:
    """Return the limit of a + b r^−n from the last two of D distances, each twice the one before.

    Args:
        values: (D, ...).
        exponent: n.

    Returns:
        a, (...).
    """
    factor = 2**exponent
    return np.asarray((factor * values[-1] - values[-2]) / (factor - 1))


def _range(evidence: Mapping[str, Any]) -> str:
    """Return which of the two it is, for a note."""
    return "with long range" if evidence["has_long_range"] else "without long range"


def _evidence(record: Record, *, excess_mev: np.ndarray, rest_mev: np.ndarray) -> dict[str, Any]:
    """Return the differences by distance, and how fast the rest falls off."""
    noise_mev = DETECTABLE_SIGMAS * NOISE_OF_EXTRAPOLATION * MEV_PER_EV * record.energy_noise_ev
    rest = np.abs(rest_mev).max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        exponents = np.log2(rest[:-1] / rest[1:])
    return {
        "has_long_range": bool(np.abs(excess_mev[0]).max() > max(SEEN_MEV, noise_mev)),
        "distances_angstrom": record.distances_angstrom,
        "energy_excess_mev": np.abs(excess_mev).max(axis=1),
        "coulomb_energy_mev": coulomb_mev(record),
        "rest_mev": rest,
        "rest_falls_with_exponents": exponents,
    }


CHECK = Check(
    id="size_extensivity",
    group="surface",
    question="Is the energy of two distant copies twice that of one?",
    formula="max |E(AB) − 2 E(A)|, max |F(AB) − F(A)| at 50, 100 and 200 Å; with long range, the "
    "limit at infinity of E(AB) − 2 E(A) − q² e²/4πε₀r, which falls as 1/r³",
    unit="meV",
    limits={"energy": "meV", "forces": "meV/Å"},
    source="ml-peg calls 10 meV and 5 meV/Å bad",
    consequence="Distant molecules act on each other: the energy of a box is not the sum of its "
    "parts, and a validation of one molecule says nothing about many.",
    remedy="Make the energy a sum over atoms that each see a finite neighbourhood, and of charges "
    "by Coulomb's law; avoid pooling, normalisation and attention over the whole system.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=(*OWN_GEOMETRIES, "noise"),
)
