"""Are energies and lengths in the units that they are taken for?"""

import math
from collections.abc import Mapping

import numpy as np

from openmm_mlff import units
from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, probe_array
from openmm_mlff.checks.surface.evidence import refusal_note, too_many_refused
from openmm_mlff.config import Criteria
from openmm_mlff.molecules.bonds import covalent_radii_angstrom
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult

_HARTREE_EV = units.COULOMB_CONSTANT_EV_ANGSTROM / units.BOHR_IN_ANGSTROM

ENERGY_UNITS: Mapping[str, float] = {
    "eV": 1.0,
    "kJ/mol": units.ev_from_kj_per_mol(1.0),
    "kcal/mol": units.ev_from_kcal_per_mol(1.0),
    "hartree": _HARTREE_EV,
}
"""In eV."""

LENGTH_UNITS: Mapping[str, float] = {
    "Å": 1.0,
    "nm": units.ANGSTROM_PER_NM,
    "bohr": units.BOHR_IN_ANGSTROM,
}
"""In Å."""

FORCE_UNITS: Mapping[str, float] = {
    "eV/Å": 1.0,
    "kJ/mol/nm": ENERGY_UNITS["kJ/mol"] / LENGTH_UNITS["nm"],
    "kJ/mol/Å": ENERGY_UNITS["kJ/mol"],
    "kcal/mol/Å": ENERGY_UNITS["kcal/mol"],
    "hartree/bohr": _HARTREE_EV / units.BOHR_IN_ANGSTROM,
}
"""In eV/Å."""

ALIKE_FACTOR = 1.25
"""Slips whose sizes differ by less are not told apart: eV for hartree, and kcal/mol for eV."""

TYPICAL_LENGTH_FACTOR = 1.5
"""Bonds are no more than this longer or shorter than the sum of the covalent radii."""

TYPICAL_STIFFNESS_FACTOR = 1.35
"""Bonds of known molecules are no more than this off Badger's rule.  A slip of the unit of energy
is named only where it leaves no more to explain: a bad network may have bonds of any stiffness."""

_SCHLEGEL_A_HARTREE_BOHR = 1.734
_SCHLEGEL_B_BOHR = np.array([[-0.244, 0.352, 0.660], [0.352, 1.085, 1.522], [0.660, 1.522, 2.068]])
"""By the periods of both atoms: first, second, third and later."""


def unit_scale(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the stiffness of bonds, and their lengths, with what is typical.

    Stiffness: the geometric median over bonds of k / k_typical, see :func:`typical_stiffness`;
    lengths: that of r / (sum of covalent radii).  A slip of the unit of length puts the minimum
    elsewhere; it is told from the lengths, and taken off both before typical stiffness is asked.

    Args:
        observations: with the probe ``unit_scale``.
        criteria: ``ratio`` (ratio), the largest factor off, up or down.

    Returns:
        PASS where both are within the factor; a FAIL names the nearest slip of units.
    """
    probe = find_probe(SPEC, observations, name="unit_scale")
    if isinstance(probe, CheckResult):
        return probe
    stiffness = probe_array(probe, name="stiffness_ev_per_angstrom2", shape=(None,))
    lengths = probe_array(probe, name="lengths_angstrom", shape=stiffness.shape)
    elements = probe_array(probe, name="elements", shape=(len(stiffness), 2)).astype(int)
    refused = probe_array(probe, name="refused", shape=stiffness.shape).astype(bool)
    undecided = too_many_refused(SPEC, observations, probe=probe, refused=refused)
    if undecided is not None:
        return undecided
    length_ratios = lengths / covalent_radii_angstrom(elements).sum(axis=1)
    length_ratio = geometric_median(length_ratios[~refused])
    length_slip, length_factor = _explaining_slip(
        length_ratio, unit_sizes=LENGTH_UNITS, within=TYPICAL_LENGTH_FACTOR
    )
    typical = typical_stiffness(elements, lengths / length_factor)
    ratios = stiffness / typical
    ratio = geometric_median(ratios[~refused])
    limit = SPEC.threshold(criteria, name="ratio")
    stiff = f"{ratio:.3g} times as stiff as is typical" if ratio != 0.0 else "not stiff at all"
    measures = [
        Measure(f"bonds are {stiff}, off by a factor of", factor_off(ratio), limit),
        Measure(
            f"bonds are {length_ratio:.3g} times as long as is typical, off by a factor of",
            factor_off(length_ratio),
            limit,
        ),
    ]
    # Stiffness is an energy over a length squared.
    energy_slip, _ = _explaining_slip(
        ratio * length_factor**2, unit_sizes=ENERGY_UNITS, within=TYPICAL_STIFFNESS_FACTOR
    )
    slip = " and ".join(filter(None, [length_slip, energy_slip])) if ratio > 0.0 else ""
    named = "" if all(measure.ok for measure in measures) else slip
    return SPEC.judged(
        observations,
        measures=measures,
        evidence={
            "stiffness_ratio": ratio,
            "length_ratio": length_ratio,
            "nearest_slip": slip,
            "elements": elements,
            "lengths_angstrom": lengths,
            "stiffness_ev_per_angstrom2": stiffness,
            "typical_ev_per_angstrom2": typical,
        },
        note="; ".join(filter(None, [named, refusal_note(refused)])),
    )


def _explaining_slip(
    ratio: float, *, unit_sizes: Mapping[str, float], within: float
) -> tuple[str, float]:
    """Name a slip of units and its size; the ratio itself where none comes within a factor."""
    name, size = nearest_slip(ratio, unit_sizes=unit_sizes)
    return (name, size) if not factor_off(ratio / size) > within else ("", ratio)


def typical_stiffness(elements: np.ndarray, lengths_angstrom: np.ndarray) -> np.ndarray:
    """Estimate the stiffness of bonds from their lengths.

    Badger's rule, J. Chem. Phys. 2, 128 (1934): k = A / (r − B)³, B by the periods of both atoms;
    with the constants of Schlegel, Theor. Chim. Acta 66, 333 (1984), which were fitted to
    polyatomic molecules.

    Args:
        elements: atomic numbers, (B, 2).
        lengths_angstrom: (B,), Å.

    Returns:
        (B,), eV/Å².
    """
    periods = np.searchsorted([2, 10], elements)
    lengths_bohr = lengths_angstrom / units.BOHR_IN_ANGSTROM
    apart = np.maximum(lengths_bohr - _SCHLEGEL_B_BOHR[periods[:, 0], periods[:, 1]], 0.1)
    return np.asarray(_SCHLEGEL_A_HARTREE_BOHR / apart**3 * _HARTREE_EV / units.BOHR_IN_ANGSTROM**2)


def geometric_median(ratios: np.ndarray) -> float:
    """Give the median of logarithms, as a ratio.

    Args:
        ratios: (B,); one that is not positive counts as zero.

    Returns:
        The median; 0 where half of them are not positive, NaN where one is no number.
    """
    with np.errstate(divide="ignore"):
        return float(np.exp(np.median(np.log(np.where(ratios < 0.0, 0.0, ratios)))))


def factor_off(ratio: float) -> float:
    """Give a ratio or its inverse, whichever is larger; infinite for zero."""
    if not ratio > 0.0:
        return math.inf if ratio == 0.0 else math.nan
    return max(ratio, 1.0 / ratio)


def name_slip(ratio: float, *, unit_sizes: Mapping[str, float] = ENERGY_UNITS) -> str:
    """Name the slip of units that is nearest to a ratio, on a logarithmic scale.

    Args:
        ratio: of what was found to what is expected; the slope of forces against a reference's,
            say, with `unit_sizes` those of force.
        unit_sizes: size of each unit, all in the same unit.

    Returns:
        ``as if kcal/mol were taken for kJ/mol``, with those that are nearly as large after it;
        empty where `ratio` is nearer to 1, or not positive.
    """
    return nearest_slip(ratio, unit_sizes=unit_sizes)[0]


def nearest_slip(ratio: float, *, unit_sizes: Mapping[str, float]) -> tuple[str, float]:
    """Name the nearest slip of units and its size.

    Args:
        ratio: of what was found to what is expected.
        unit_sizes: size of each unit, all in the same unit.

    Returns:
        What :func:`name_slip` gives, and the ratio that this slip makes; 1 where there is none.
    """
    if not (ratio > 0.0 and math.isfinite(ratio)):
        return "", 1.0
    slips = {
        f"{given} were taken for {taken}": unit_sizes[taken] / unit_sizes[given]
        for given in unit_sizes
        for taken in unit_sizes
        if given != taken
    }
    nearest = min([1.0, *slips.values()], key=lambda size: factor_off(ratio / size))
    if nearest == 1.0:
        return "", 1.0
    alike = [name for name, size in slips.items() if factor_off(size / nearest) < ALIKE_FACTOR]
    named = sorted(alike, key=lambda name: factor_off(ratio / slips[name]))
    return "as if " + ", or ".join(named), nearest


SPEC = CheckSpec(
    id="unit_scale",
    group="parity",
    scope="system",
    title="Are energies and lengths in the units that they are taken for?",
    formula="median of (d²E/dr²) / k(r) over bonds, k(r) = 1.734 / (r − B)³ hartree/bohr²; median "
    "of r over the sum of covalent radii",
    unit="ratio",
    source="Badger's rule (1934) with Schlegel's constants (1984): GFN2-xTB on the library is "
    "within a quarter of it, and the smallest slip, kcal/mol for kJ/mol, is a factor of 4.184",
    thresholds={"ratio": "ratio"},
    failure_mode="Energies or lengths are in other units than OpenMM takes them for: every force "
    "is wrong by a constant factor, and the run may yet conserve energy.",
    remedy="Let forward take nm and give kJ/mol, or say what it takes and gives with --length-unit "
    "and --energy-unit; where the units are right, the bonds are wrong: train it anew.",
    function=unit_scale,
    probes=("unit_scale",),
)
