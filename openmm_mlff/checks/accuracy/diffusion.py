"""How fast do the molecules diffuse?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.config import Limits
from openmm_mlff.intervals import student_half_width
from openmm_mlff.plots import Axis, Line, Panel, Plot
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import (
    BOLTZMANN_EV_PER_KELVIN,
    EV_PS_PER_CUBIC_ANGSTROM_OF_MILLIPASCAL_SECOND,
)

BLOCKS = 5
LAGS, FEWEST_LAGS = 50, 10
LONGEST_LAG = 0.5
"""Of a block."""

FIT_FROM = 0.2
"""Of a block: earlier, molecules move ballistically or in the cage of their neighbours."""

XI = 2.837297
"""Of a cubic box: D∞ = D + ξ kT / (6 π η L); Yeh and Hummer, J. Phys. Chem. B 108, 15873 (2004)."""


@record
class Record:
    """Mean squared displacements of the centres of mass of S species of molecules."""

    species: tuple[str, ...]  # formulas, the commonest first; elements in a network
    lag_ps: np.ndarray = array("lags")  # none where there are too few frames
    # of each block of each simulation, Å², after removal of the mean motion
    msd: np.ndarray = array("species", "blocks", "lags")
    duration_ps: float  # of all simulations together
    box_angstrom: float  # cube root of the volume
    temperature_kelvin: float

    @property
    def is_fitted(self) -> np.ndarray:
        """Whether the straight line is fitted to a lag, (lags,)."""
        return self.lag_ps >= FIT_FROM / LONGEST_LAG * self.lag_ps[-1:]


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Compute the mean squared displacements in each simulation at a temperature and timestep."""
    molecule, runs = subject.molecule, [run for run in subject.runs.runs if run.survived]
    if molecule.cell_angstrom is None:
        return NotApplicable("it has no periodic box")
    tracks = [run.trajectory for run in runs if run.trajectory is not None]
    if not tracks:
        return Skipped("no simulation ran to its end")
    length = min(len(track.time_ps) for track in tracks) // BLOCKS
    lags = np.unique(np.linspace(1, max(1, LONGEST_LAG * length), LAGS).astype(int))
    lags = lags[:0] if len(lags) < FEWEST_LAGS else lags
    species = subject.bulk.species()
    masses = molecule.masses_amu / molecule.masses_amu.sum()
    msd = []
    for track in tracks:
        # The mean motion is of the whole box: it diffuses nowhere, but its rounding may drift.
        mean = np.einsum("fnx,n->fx", track.positions_angstrom, masses)
        centres, _ = subject.bulk.centres(track.positions_angstrom - mean[:, None])
        for block in range(BLOCKS):
            part = centres[block * length : (block + 1) * length]
            msd.append([displacements(part[:, chosen], lags) for _, chosen in species])
    interval_ps = float(tracks[0].time_ps[-1]) / len(tracks[0].time_ps)
    return Record(
        species=tuple(name for name, _ in species),
        lag_ps=interval_ps * lags,
        msd=np.swapaxes(np.array(msd), 0, 1),
        duration_ps=float(sum(run.completed_ps for run in runs)),
        box_angstrom=float(np.cbrt(np.linalg.det(molecule.cell_angstrom))),
        temperature_kelvin=runs[0].condition.temperature_kelvin,
    )


def displacements(positions: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Return the mean squared displacement, (L,), of positions (F, M, 3) over lags (L,) frames."""
    moved = ((positions[lag:] - positions[:-lag]) ** 2 for lag in lags)
    return np.array([one.sum(axis=-1).mean() for one in moved])


def coefficients(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Return D of each species, (S,), Å²/ps, and half its 95 % interval.

    D is a sixth of the slope of a straight line through the mean squared displacement, from a fifth
    to half of a block; the interval is Student's over the blocks.
    """
    late = record.is_fitted
    lag = record.lag_ps[late] - record.lag_ps[late].mean()
    found = record.msd[..., late] @ lag / (lag @ lag) / 6.0
    count = found.shape[1]
    errors = found.std(axis=1, ddof=1) / np.sqrt(count)
    widths = [student_half_width(float(error), freedom=count - 1.0) for error in errors]
    return found.mean(axis=1), np.array(widths)


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare D of the commonest species with the published value ``expected``; else report it.

    With a ``viscosity`` it is corrected for the size of the box; zeros are values not named.
    """
    if not len(record.lag_ps):
        return inconclusive("the simulations have too few frames for a mean squared displacement")
    found, widths = coefficients(record)
    viscosity = limits["viscosity"].value * EV_PS_PER_CUBIC_ANGSTROM_OF_MILLIPASCAL_SECOND
    per_viscosity = XI * BOLTZMANN_EV_PER_KELVIN * record.temperature_kelvin
    per_viscosity /= 6.0 * np.pi * record.box_angstrom
    corrected = found + (per_viscosity / viscosity if viscosity else 0.0)
    width, corrected_or_not = float(widths[0]), "corrected" if viscosity else "not corrected"
    said = f"{record.species[0]} diffuses with {corrected[0]:.3g} ± {width:.2g} Å²/ps, "
    said += f"{corrected_or_not} for the size of the box"
    evidence = {
        "coefficients_angstrom2_per_ps": dict(zip(record.species, found.tolist(), strict=True)),
        "half_widths_angstrom2_per_ps": dict(zip(record.species, widths.tolist(), strict=True)),
        "duration_ps": record.duration_ps,
        "correction_angstrom2_per_ps_at_1_millipascal_second": per_viscosity
        / EV_PS_PER_CUBIC_ANGSTROM_OF_MILLIPASCAL_SECOND,
    }
    shortest, expected = limits["shortest"].value, limits["expected"].value
    if record.duration_ps < shortest * (1.0 - 1e-6):
        reason = f"{said}, but the simulations cover {record.duration_ps:.3g} ps only"
        return inconclusive(f"{reason} (needs at least {shortest:g} ps)", evidence=evidence)
    if not expected:
        reason = f"no published value is named as criteria.diffusion.expected; {said}"
        return Judgement(Status.SKIPPED, reason, evidence=evidence)
    clause = f"{said}, which differs from the published {expected:g} Å²/ps by a ratio of"
    deviation, half_width = abs(float(corrected[0]) / expected - 1.0), width / expected
    measure = Measure(clause, deviation, limits["deviation"], half_width=half_width)
    return judged([measure], evidence=evidence)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the mean squared displacement of each species, with its straight line."""
    if not len(record.lag_ps):
        return []
    (found, widths), marks, said = coefficients(record), [], []
    late = record.is_fitted
    lag = record.lag_ps[late]
    for index, name in enumerate(record.species):
        msd = record.msd[index].mean(axis=0)
        line = msd[late].mean() + 6.0 * found[index] * (lag - lag.mean())
        marks.append(Line(record.lag_ps, msd, name, index, "solid"))
        marks.append(Line(lag, line, "", "ink", "dashed"))
        said.append(f"{name} {found[index]:.3g} ± {widths[index]:.2g}")
    panel = Panel(Axis("Lag (ps)"), Axis("Mean squared displacement (Å²)"), marks)
    caption = (
        "A sixth of the slope (dashed) is D, not corrected for the size of the box: "
        f"{'; '.join(said)} Å²/ps."
    )
    return [Plot("Diffusion", [panel], caption, "msd")]


CHECK = define(
    __name__,
    scope="condition",
    formula="D = slope of ⟨|Δr|²⟩ / 6, of centres of mass without the mean motion; "
    "D∞ = D + 2.837 kT / (6 π η L)",
    limits={"deviation": "ratio", "expected": "Å²/ps", "viscosity": "mPa·s", "shortest": "ps"},
    source="Yeh and Hummer 2004 for the size of the box; 1 Å²/ps = 1e-8 m²/s",
    consequence="The liquid is too viscous or too fluid: rates and relaxation times are wrong.",
    remedy="Compare g(r) and the density first: a liquid that is too dense or overstructured is "
    "too slow. Add frames of the box, labelled by the reference, to the training data.",
    needs=("minimum", "trajectories"),
)
