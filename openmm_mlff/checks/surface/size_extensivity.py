"""Is the energy of two distant copies twice that of one?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import largest, largest_norm, too_many_refused
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy
from openmm_mlff.config import Limits
from openmm_mlff.molecules import two_copies
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import COULOMB_CONSTANT_EV_ANGSTROM, MEV_PER_EV

GAPS_ANGSTROM = (50.0, 100.0, 200.0)  # each twice the one before, as the extrapolation needs
MOST_GEOMETRIES = 4
SEEN_MEV = 1e-3  # a copy at 50 Å that changes the energy by more shows a long range
NOISE_OF_EXTRAPOLATION = 3.0  # σ of (8 x(2r) − x(r)) / 7, x = E(AB) − 2 E(A), in σ of E


@record
class Record(Noisy):
    """Two copies of N atoms against one, at G geometries and D distances."""

    charge: int  # of one copy, e
    distances_angstrom: np.ndarray = array("distances")  # shifts of the copy
    energy_excess_ev: np.ndarray = array("distances", "geometries")  # E(AB) − 2 E(A)
    force_changes: np.ndarray = array("distances", "geometries", 2, "N", 3)  # F(AB) − F(A), eV/Å
    refused: np.ndarray = array("distances", "geometries")


def measure(subject: Subject) -> Record | NotApplicable:
    """Evaluate geometries alone, and with a copy 50, 100 and 200 Å away along x."""
    if not subject.potential.composition_is_free:
        return NotApplicable("the potential has the atoms of one molecule built in")
    if subject.molecule.is_periodic:
        return NotApplicable("periodic_consistency doubles the box")
    geometries = subject.geometries()[:MOST_GEOMETRIES]
    distances = np.array(GAPS_ANGSTROM) * (1.0 + np.ptp(geometries[..., 0]) / GAPS_ANGSTROM[0])
    shifts = distances[:, None] * np.array([1.0, 0.0, 0.0])
    pairs = np.stack([np.hstack([geometries, geometries + shift]) for shift in shifts])
    copies = two_copies(subject.molecule, shift_angstrom=shifts[0])
    one, two = subject.evaluate(geometries), subject.evaluate(pairs, molecule=copies)
    forces = two.forces_ev_per_angstrom.reshape(*pairs.shape[:2], 2, -1, 3)
    return Record(
        charge=subject.molecule.charge,
        distances_angstrom=distances,
        energy_excess_ev=two.energies_ev - 2.0 * one.energies_ev,
        force_changes=forces - one.forces_ev_per_angstrom[:, None],
        refused=one.refused | two.refused,
        refusals=(*one.reasons, *two.reasons)[:10],
        # The energy of two copies is twice as large, and so is its rounding.
        energy_noise_ev=max(subject.noise.energy_ev, 2.0 * subject.noise.energy_quantum_ev),
        force_noise_ev_per_angstrom=subject.noise.force_ev_per_angstrom,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the effect of a distant copy with ``energy`` (meV) and ``forces`` (meV/Å).

    PASS where the copy has no effect at any distance.  Otherwise the Coulomb energy of the two net
    charges, q² e²/4πε₀r, is subtracted.  Charge–dipole terms (1/r²) of two equal copies cancel, so
    the rest must fall as 1/r³: its limit at infinity, (8 x(2r) − x(r)) / 7, must vanish.  Forces on
    partial charges fall as 1/r², and (4 x(2r) − x(r)) / 3 must vanish.
    """
    if undecided := too_many_refused(record.refused, reasons=record.refusals):
        return undecided
    known = ~record.refused.any(axis=0)
    if not known.any():
        return inconclusive("no geometry was evaluated at every distance")
    excess_mev = MEV_PER_EV * record.energy_excess_ev[:, known]
    forces = MEV_PER_EV * record.force_changes[:, known]
    coulomb_ev = record.charge**2 * COULOMB_CONSTANT_EV_ANGSTROM / record.distances_angstrom
    rest_mev = excess_mev - MEV_PER_EV * coulomb_ev[:, None]
    energy_mev, force = largest(excess_mev), largest_norm(forces)
    subject = "a distant copy changes"
    if not (energy_mev <= limits["energy"].value and force <= limits["forces"].value):
        subject = "extrapolated to infinite distance, a copy changes"
        energy_mev = largest((8.0 * rest_mev[-1] - rest_mev[-2]) / 7.0)
        force = largest_norm((4.0 * forces[-1] - forces[-2]) / 3.0)
    energy = Measure(f"{subject} the energy by up to", energy_mev, limits["energy"])
    change = Measure(f"{subject} the forces by up to", force, limits["forces"])
    noise_mev = DETECTABLE_SIGMAS * NOISE_OF_EXTRAPOLATION * MEV_PER_EV * record.energy_noise_ev
    has_long_range = bool(np.abs(excess_mev[0]).max() > max(SEEN_MEV, noise_mev))
    evidence = {
        "has_long_range": has_long_range,
        "distances_angstrom": record.distances_angstrom,
        "energy_excess_mev": np.abs(excess_mev).max(axis=1),
        "rest_mev": np.abs(rest_mev).max(axis=1),
    }
    if change.ok and not energy.ok and energy_mev <= noise_mev:
        reason = f"{energy.text()}, and the noise of the energy hides up to {noise_mev:.3g} meV"
        return inconclusive(reason, evidence=evidence)
    note = f"with{'' if has_long_range else 'out'} long range"
    return judged([energy, change], evidence=evidence, note=note, refused=record.refused)


CHECK = define(
    __name__,
    formula="max |E(AB) − 2 E(A)|, max |F(AB) − F(A)| at 50, 100 and 200 Å; with long range, the "
    "limit at infinity of E(AB) − 2 E(A) − q² e²/4πε₀r, which falls as 1/r³",
    limits={"energy": "meV", "forces": "meV/Å"},
    source="ml-peg calls 10 meV and 5 meV/Å bad",
    consequence="Distant molecules affect each other, so results for one do not apply to many.",
    remedy="Make the energy a sum of atomic energies that depend on a finite neighbourhood, and of "
    "Coulomb terms between charges; avoid pooling, normalisation and attention over all atoms.",
    needs=(*OWN_GEOMETRIES, "noise"),
)
