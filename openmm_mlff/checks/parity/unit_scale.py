"""Are energies and lengths in the units that OpenMM assumes?"""

import math
from collections import defaultdict
from collections.abc import Mapping
from itertools import chain, zip_longest

import numpy as np

from openmm_mlff import units
from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import fields, too_many_refused
from openmm_mlff.checks.surface.scans import nearest_vectors
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.bonds import covalent_radii_angstrom, is_non_metal
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record

STRETCH_ANGSTROM = 0.02
MOST_BONDS = 12

ALIKE_FACTOR = 1.25
"""Slips whose factors differ by less are named together: eV for hartree, and kcal/mol for eV."""

TYPICAL_LENGTH_FACTOR = 1.5
"""Bonds are no more than this longer or shorter than the sum of the covalent radii."""

TYPICAL_STIFFNESS_FACTOR = 1.35
"""Largest factor between Badger's rule and bonds of known molecules.  A slip of the unit of energy
is named only where no more remains: bonds of an inaccurate network have any stiffness."""

_LENGTH_UNITS = {
    name.replace("angstrom", "Å"): size for name, size in units.ANGSTROM_BY_LENGTH_UNIT.items()
}
_SCHLEGEL_A_HARTREE_BOHR = 1.734
_SCHLEGEL_B_BOHR = np.array([[-0.244, 0.352, 0.660], [0.352, 1.085, 1.522], [0.660, 1.522, 2.068]])
"""By the periods of both atoms: first, second, third and later."""


@record
class Record:
    """Stiffness of bonds at the minimum, k = d²E/dr² with all other atoms fixed.

    Elements are atomic numbers; a bond is refused where the potential refused a geometry of it.
    """

    elements: np.ndarray = array("bonds", 2)
    lengths_angstrom: np.ndarray = array("bonds")
    stiffness_ev_per_angstrom2: np.ndarray = array("bonds")
    refused: np.ndarray = array("bonds")
    refusals: tuple[str, ...] = ()


def measure(subject: Subject) -> Record | NotApplicable:
    """Stretch and compress bonds, all other atoms fixed: k = −(f(r + h) − f(r − h)) / 2h."""
    molecule = subject.molecule
    bonds, placed = chosen_bonds(molecule), molecule.positions_angstrom
    if len(bonds) == 0:
        return NotApplicable(
            f"{molecule.name} has no covalent bond between non-metals, whose stiffness is known "
            "from its length; force_consistency compares forces with energies"
        )
    rows, (first, second) = np.arange(len(bonds)), bonds.T
    vectors = nearest_vectors(molecule, bonds, placed)
    lengths = np.linalg.norm(vectors, axis=1)
    directions = vectors / lengths[:, None]
    shifts = np.zeros((len(bonds), *placed.shape))
    shifts[rows, first] = -0.5 * STRETCH_ANGSTROM * directions
    shifts[rows, second] = 0.5 * STRETCH_ANGSTROM * directions
    found = subject.evaluate(np.stack([placed + shifts, placed - shifts]))
    forces = found.forces_ev_per_angstrom
    pulls = 0.5 * (forces[:, rows, second] - forces[:, rows, first])
    along = np.sum(pulls * directions, axis=-1)
    return Record(
        elements=molecule.atomic_numbers[bonds],
        lengths_angstrom=lengths,
        stiffness_ev_per_angstrom2=(along[1] - along[0]) / (2.0 * STRETCH_ANGSTROM),
        refused=np.any(found.refused, axis=0),
        refusals=found.reasons,
    )


def chosen_bonds(molecule: MolecularSystem) -> np.ndarray:
    """Return at most twelve bonds of non-metals, (B, 2) int64, in turn from each pair of elements.

    Badger's rule holds for covalent bonds: by it, sodium would be 3.9 times too soft, and LiF 2.2.
    """
    kinds = defaultdict(list)
    for bond in molecule.bonds:
        elements = molecule.atomic_numbers[list(bond)]
        if is_non_metal(elements).all():
            kinds[tuple(sorted(elements.tolist()))].append(bond)
    turns = chain.from_iterable(zip_longest(*kinds.values()))
    chosen = [bond for bond in turns if bond is not None][:MOST_BONDS]
    return np.array(chosen, dtype=np.int64).reshape(-1, 2)


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare how far stiffness and length of bonds are from typical, up or down, with ``ratio``.

    A wrong unit of length moves the minimum; it is inferred from the lengths, and corrected in both
    before typical stiffness is computed.  A FAIL names the nearest confusion of units.
    """
    if undecided := too_many_refused(record.refused, reasons=record.refusals):
        return undecided
    known, lengths, limit = ~record.refused, record.lengths_angstrom, limits["ratio"]
    radii = covalent_radii_angstrom(record.elements).sum(axis=1)
    length_ratio = geometric_median((lengths / radii)[known])
    length_slip, length_factor = _explaining_slip(
        length_ratio, unit_sizes=_LENGTH_UNITS, within=TYPICAL_LENGTH_FACTOR
    )
    typical = typical_stiffness(record.elements, lengths / length_factor)
    ratio = geometric_median((record.stiffness_ev_per_angstrom2 / typical)[known])
    stiff = f"{ratio:.3g} times as stiff as is typical" if ratio != 0.0 else "not stiff at all"
    long = f"{length_ratio:.3g} times as long as is typical"
    measures = [
        Measure(f"bonds are {stiff}, off by a factor of", factor_off(ratio), limit),
        Measure(f"bonds are {long}, off by a factor of", factor_off(length_ratio), limit),
    ]
    # Stiffness is an energy over a length squared.
    stiffness, sizes = ratio * length_factor**2, units.EV_BY_ENERGY_UNIT
    energy_slip, _ = _explaining_slip(stiffness, unit_sizes=sizes, within=TYPICAL_STIFFNESS_FACTOR)
    slip = " and ".join(filter(None, [length_slip, energy_slip])) if ratio > 0.0 else ""
    return judged(
        measures,
        evidence={
            "stiffness_ratio": ratio,
            "length_ratio": length_ratio,
            "nearest_slip": slip,
            "typical_ev_per_angstrom2": typical,
            **fields(record, "elements", "lengths_angstrom", "stiffness_ev_per_angstrom2"),
        },
        note="" if all(measure.ok for measure in measures) else slip,
        refused=record.refused,
    )


def _explaining_slip(
    ratio: float, *, unit_sizes: Mapping[str, float], within: float
) -> tuple[str, float]:
    """Return a slip of units and its factor; the ratio itself where no slip explains it."""
    name, size = nearest_slip(ratio, unit_sizes=unit_sizes)
    return (name, size) if not factor_off(ratio / size) > within else ("", ratio)


def typical_stiffness(elements: np.ndarray, lengths_angstrom: np.ndarray) -> np.ndarray:
    """Return the typical stiffness of bonds, (B,), eV/Å², by their lengths, (B,), Å.

    Badger's rule, J. Chem. Phys. 2, 128 (1934): k = A / (r − B)³, B by the periods of both atoms,
    whose atomic numbers are `elements`, (B, 2); with the constants of Schlegel, Theor. Chim. Acta
    66, 333 (1984), fitted to polyatomic molecules.
    """
    periods = np.searchsorted([2, 10], elements)
    lengths_bohr = lengths_angstrom / units.BOHR_IN_ANGSTROM
    apart = np.maximum(lengths_bohr - _SCHLEGEL_B_BOHR[periods[:, 0], periods[:, 1]], 0.1)
    unit = units.HARTREE_IN_EV / units.BOHR_IN_ANGSTROM**2
    return np.asarray(_SCHLEGEL_A_HARTREE_BOHR / apart**3 * unit)


def geometric_median(ratios: np.ndarray) -> float:
    """Return exp(median(log r)); 0 where half of them are not positive, NaN where one is NaN."""
    with np.errstate(divide="ignore"):
        return float(np.exp(np.median(np.log(np.where(ratios < 0.0, 0.0, ratios)))))


def factor_off(ratio: float) -> float:
    """Return a ratio or its inverse, whichever is larger; infinite for zero, NaN below."""
    if not ratio > 0.0:
        return math.inf if ratio == 0.0 else math.nan
    return max(ratio, 1.0 / ratio)


def nearest_slip(ratio: float, *, unit_sizes: Mapping[str, float]) -> tuple[str, float]:
    """Return the slip of units that is nearest to a ratio on a logarithmic scale, and its factor.

    The name is ``as if kcal/mol were taken for kJ/mol``, followed by slips of nearly the same
    factor; it is empty, and the factor 1, where `ratio`, found over expected, is nearer to 1 or not
    positive.  The sizes of all units are in the same unit.
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


CHECK = define(
    __name__,
    formula="median of (d²E/dr²) / k(r) over bonds of non-metals, k(r) = 1.734 / (r − B)³ "
    "hartree/bohr²; median of r over the sum of covalent radii",
    limits={"ratio": "ratio"},
    source="Badger's rule (1934) with Schlegel's constants (1984): GFN2-xTB on the library is "
    "within a quarter of it, and the smallest slip, kcal/mol for kJ/mol, is a factor of 4.184",
    consequence="Energies or lengths are not in the units that OpenMM assumes: every force is "
    "wrong by a constant factor, and the run may still conserve energy.",
    remedy="Let forward take nm and return kJ/mol, or state its units with --length-unit and "
    "--energy-unit; if the units are right, the bonds are wrong: retrain the model.",
    remedies={
        "ase:": "Let the calculator return eV and eV/Å; if the units are right, the bonds are "
        "wrong: retrain the model.",
        "openmm-ml:": "Compare with the model's own calculator (--own-calculator): a factor "
        "between them is a slip of units in openmm-ml or its plugin; else the bonds are wrong.",
        "student:": "The checkpoint names its units, so the bonds are wrong: retrain the model.",
    },
    needs=("minimum",),
)
