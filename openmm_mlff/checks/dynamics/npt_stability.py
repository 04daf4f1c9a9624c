"""Does the box keep its density at constant pressure, and resist compression?"""

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import largest, too_many_refused
from openmm_mlff.checks.statistics import slope_with_interval
from openmm_mlff.checks.surface.moves import evaluate_boxes, two_boxes
from openmm_mlff.config import Limits
from openmm_mlff.molecules.boxes import supercell
from openmm_mlff.molecules.system import SMALLEST_BOX_ANGSTROM, box_widths_angstrom
from openmm_mlff.plots import Axis, Level, Line, Panel, Plot
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable, Skipped
from openmm_mlff.storage.shared import settled
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

SMALLEST_SCALE, LARGEST_SCALE, SCALE_STEP = 0.25, 3.0, 0.96
HIGH_EV = 5.0
"""Per atom: compression stops here, because what lies behind such a barrier cannot be reached, as
for pairs in `short_range_repulsion`.  Effective-medium theory has a hole behind 59 eV/atom."""

MOST_BOXES = 3
"""Along each side, of a force field whose cutoff is longer than half a compressed box."""

BOILED = 0.5
"""Density of a box that boils, below this times that at the start of the run."""


@record
class Record:
    """A run at constant pressure, frames of it evaluated again, and the box scaled."""

    time_ps: np.ndarray = array("rows")
    density_g_per_cm3: np.ndarray = array("rows")
    acceptance: float  # of volume moves
    stale_ev: np.ndarray = array("frames")  # E in the run − E evaluated anew; NaN where refused
    bond_change: float  # largest relative change of a bond by volume moves alone
    doubled_ev: float  # E(2×1×1) − 2 E in the smallest box; NaN where it cannot be evaluated
    scales: np.ndarray = array("scales")  # of all lengths, ascending
    scaled_ev: np.ndarray = array("scales")  # E − E at a scale of 1; NaN where refused
    n_atoms: int
    failure: str = ""


def measure(subject: Subject) -> Record | NotApplicable | Skipped:
    """Evaluate frames of the shared run in their boxes, and scale the box of the last one."""
    run, box = subject.npt, subject.box
    if isinstance(box, (NotApplicable, Skipped)):
        return box
    if isinstance(run, (NotApplicable, Skipped)):
        return run
    empty, nan = np.empty(0), float("nan")
    stale, doubled, scales, scaled = empty, nan, empty, empty
    if len(run.cells_angstrom):
        cells, placed = run.cells_angstrom, run.positions_angstrom
        stale = run.frame_energies_ev - evaluate_boxes(subject, cells, placed).energies_ev
        smallest = int(np.linalg.det(cells).argmin())
        doubled = _doubled_ev(subject, cells[smallest], placed[smallest])
        scales, scaled = _scan(subject, cells[-1], placed[-1])
    return Record(
        time_ps=run.time_ps,
        density_g_per_cm3=run.density_g_per_cm3,
        acceptance=run.acceptance if len(run.time_ps) > 1 else nan,
        stale_ev=stale,
        bond_change=subject.boxes.bond_change_by_moves(),
        doubled_ev=doubled,
        scales=scales,
        scaled_ev=scaled,
        n_atoms=subject.asked.n_atoms,
        failure=run.failure or box.failure,
    )


def _doubled_ev(subject: Subject, cell: np.ndarray, placed: np.ndarray) -> float:
    """Return E(2×1×1) − 2 E, which a pair lost or counted twice in a small box changes."""
    if not subject.potential.composition_is_free:
        return float("nan")
    one = subject.asked.with_cell(cell, positions_angstrom=placed)
    single, double = (
        float(subject.evaluate(each.positions_angstrom, molecule=each).energies_ev)
        for each in (one, two_boxes(one))
    )
    return double - 2.0 * single


def _scan(subject: Subject, cell: np.ndarray, placed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return scales of all lengths and energies relative to that of the frame itself."""
    smallest = max(SMALLEST_SCALE, SMALLEST_BOX_ANGSTROM / float(box_widths_angstrom(cell).min()))
    down = SCALE_STEP ** np.arange(int(np.log(smallest) / np.log(SCALE_STEP)) + 1)
    energies: list[float] = []
    for scale in down:
        energies.append(_compressed_ev(subject, cell * scale, placed * scale))
        if energies[-1] - energies[0] > HIGH_EV * len(placed):
            break
    up = np.array([1.05, 1.2, 1.5, 2.0, LARGEST_SCALE])
    wide = evaluate_boxes(subject, cell * up[:, None, None], placed * up[:, None, None]).energies_ev
    scales = np.concatenate([down[: len(energies)][::-1], up])
    return scales, np.concatenate([energies[::-1], wide]) - energies[0]


def _compressed_ev(subject: Subject, cell: np.ndarray, placed: np.ndarray) -> float:
    """Return the energy of a box, by several side by side where it is too small for a cutoff."""
    found = evaluate_boxes(subject, cell[None], placed[None])
    if not found.refused[0] or not subject.potential.has_force_field:
        return float(found.energies_ev[0])
    one = subject.asked.with_cell(cell, positions_angstrom=placed)
    width = float(box_widths_angstrom(cell).min())
    for times in range(2, MOST_BOXES + 1):
        many = supercell(one, at_least_angstrom=(times - 0.5) * width)
        whole = subject.evaluate(many.positions_angstrom, molecule=many)
        if not whole.refused:
            return float(whole.energies_ev) * one.n_atoms / many.n_atoms
    return float("nan")


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the run at constant pressure and the scaled box with the limits.

    ``plateau`` (%): change of the density between the halves of the last four fifths of the run;
    ``acceptance``: least fraction of accepted volume moves; ``energy`` (meV/atom): difference of a
    frame's energy from one evaluated anew, and of two boxes side by side from twice the smallest;
    ``bonds``: relative change of a bond by volume moves; ``hole`` (eV/atom): fall of the energy
    when all lengths are scaled.  A box that boils does not decide: above the boiling point it must.
    """
    note = f"constant pressure failed: {record.failure}" if record.failure else ""
    failed = Judgement(Status.FAIL, note, threshold=limits["plateau"].value)
    if record.failure and not len(record.scales):
        return failed
    if undecided := too_many_refused(~np.isfinite(np.append(record.stale_ev, record.scaled_ev))):
        return failed if record.failure else undecided
    per_atom = MEV_PER_EV / record.n_atoms
    time_ps, density = settled(record.time_ps), settled(record.density_g_per_cm3)
    slope = slope_with_interval(time_ps, values=density)
    # The middles of the halves are half the run apart.
    percent = 50.0 * float(time_ps[-1] - time_ps[0]) / float(density.mean())
    known = record.stale_ev[np.isfinite(record.stale_ev)]
    depth = float(-np.nanmin(record.scaled_ev)) / record.n_atoms
    change, half_width = percent * abs(slope.slope), percent * slope.half_width
    accepted, least = record.acceptance, limits["acceptance"]
    plateau = "between the halves of the run the density changes by"
    anew = "after volume moves the energy differs from that of the same box evaluated anew by"
    hole = "when all lengths are scaled, the energy falls below that of the liquid or crystal by"
    boiled = float(density.mean()) < BOILED * float(record.density_g_per_cm3[0])
    settles = [Measure(plateau, change, limits["plateau"], half_width=half_width)]
    measures = [
        *(settles if not boiled else ()),
        Measure("the fraction of accepted volume moves is", accepted, least, at_least=True),
        Measure(anew, largest(known) * per_atom, limits["energy"]),
        Measure("volume moves change bonds by up to", record.bond_change, limits["bonds"]),
        Measure(hole, max(0.0, depth), limits["hole"]),
    ]
    if np.isfinite(record.doubled_ev):
        clause = "the energy of two boxes side by side differs from twice the smallest's by"
        error = abs(record.doubled_ev) * per_atom / 2.0
        measures.append(Measure(clause, error, limits["energy"]))
    lowest = record.scales[int(np.nanargmin(record.scaled_ev))]
    evidence = {
        "mean_density_g_per_cm3": float(density.mean()),
        "acceptance": record.acceptance,
        "smallest_scale": float(record.scales[0]),
        "scale_of_lowest_energy": float(lowest),
    }
    judgement = judged(measures, evidence=evidence, note=note)
    if boiled and judgement.status is Status.PASS:
        fell = f"from {record.density_g_per_cm3[0]:.3g} to {density.mean():.3g} g/cm³"
        reason = f"the box boils: its density falls {fell}; choose --temperature or the pressure of"
        return inconclusive(
            f"{reason} a liquid, or the potential holds it too weakly", evidence=evidence
        )
    # Why it failed is in the other measures, if anywhere.
    return failed if record.failure and judgement.status is not Status.FAIL else judgement


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the density against time, and the energy against the scale of all lengths."""
    if not len(record.scales):
        return []
    density = Line(record.time_ps, record.density_g_per_cm3)
    energy = Line(record.scales, record.scaled_ev / record.n_atoms, markers=True)
    scale, limit = Axis("Scale of all lengths", log=True), Level(-limits["hole"].value, "limit")
    panels = [
        Panel(Axis("Time (ps)"), Axis("Density (g/cm³)"), [density], "Constant pressure"),
        Panel(scale, Axis("Energy (eV/atom)"), [energy, limit], "Compression"),
    ]
    caption = f"Compression of the last frame ends {HIGH_EV:g} eV/atom above it."
    return [Plot("Constant pressure and compression", panels, caption, "pressure", 2)]


CHECK = define(
    __name__,
    formula="slope of the density · t/2 / mean, with a 95 % interval; accepted volume moves; "
    "|E(run) − E(anew)| / N; |E(2×1×1) − 2E| / 2N in the smallest box; bonds before and after "
    "volume moves; lowest E/N when all lengths are scaled by 0.25 to 3",
    source="mlipaudit's water_density; openmm-ml issue 91; ml-peg pull request 421",
    limits={
        "plateau": "%",
        "acceptance": "ratio",
        "energy": "meV/atom",
        "bonds": "ratio",
        "hole": "eV/atom",
    },
    consequence="At constant pressure the box collapses, boils or never settles, or its volume is "
    "sampled with the wrong energies; densities are meaningless.",
    remedy="Where energies differ after volume moves, the potential keeps an old box: let it read "
    "the box in every call. Where bonds change, use `openmm_mlff.simulation.add_barostat`. Where "
    "compression is not resisted, train on compressed boxes or add a repulsive wall.",
    needs=("box", "minimum", "npt"),
)
