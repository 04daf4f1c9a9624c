"""Is the energy of a crystal a smooth function of its volume, lowest in its own box?"""

from typing import NamedTuple

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import too_many_refused
from openmm_mlff.checks.surface.moves import evaluate_boxes
from openmm_mlff.config import Limits
from openmm_mlff.plots import Axis, Line, Panel, Plot
from openmm_mlff.plots import Points as Dots
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import EV_PER_BAR_ANGSTROM3, MEV_PER_EV

SCALES = np.linspace(0.97, 1.03, 13)
"""Of all lengths: ±9 % of the volume, where a third-order equation of state holds."""

BAR_PER_GPA = 1e4


@record
class Record:
    """Energies of a box whose lengths are scaled with fixed fractional coordinates."""

    volume_angstrom3: np.ndarray = array(len(SCALES))
    energy_ev: np.ndarray = array(len(SCALES))
    refused: np.ndarray = array(len(SCALES))
    refusals: tuple[str, ...]
    n_atoms: int


class Fit(NamedTuple):
    """Birch–Murnaghan equation of state: E as a cubic in V^(−2/3), with its minimum."""

    coefficients: np.ndarray
    volume_angstrom3: float
    bulk_modulus_gpa: float
    residual_ev: float  # RMS

    def energy_ev(self, volume_angstrom3: np.ndarray) -> np.ndarray:
        """Return the energy at volumes, (V,)."""
        return np.asarray(np.polyval(self.coefficients, volume_angstrom3 ** (-2 / 3)))


def measure(subject: Subject) -> Record | NotApplicable:
    """Scale the box of the minimum."""
    molecule = subject.molecule
    if molecule.cell_angstrom is None:
        return NotApplicable("it has no periodic box")
    if molecule.bonds and molecule.fragments > 1:
        return NotApplicable("it consists of molecules, which scaling all lengths would strain")
    scales = SCALES[:, None, None]
    cells = np.asarray(molecule.cell_angstrom) * scales
    found = evaluate_boxes(subject, cells, molecule.positions_angstrom * scales)
    return Record(
        volume_angstrom3=np.linalg.det(cells),
        energy_ev=found.energies_ev,
        refused=found.refused,
        refusals=found.reasons,
        n_atoms=molecule.n_atoms,
    )


def fit(volume_angstrom3: np.ndarray, energy_ev: np.ndarray) -> Fit | None:
    """Fit E(V) (F. Birch, Phys. Rev. 71 (1947) 809); None without a minimum between the volumes."""
    x = volume_angstrom3 ** (-2 / 3)
    cubic = np.polyfit(x, energy_ev, 3)
    slope, curvature = np.polyder(cubic), np.polyder(cubic, 2)
    roots = np.roots(slope)
    roots = roots[np.isreal(roots)].real
    lowest = roots[(roots > x.min()) & (roots < x.max()) & (np.polyval(curvature, roots) > 0.0)]
    if not len(lowest):
        return None
    volume = float(lowest[0]) ** -1.5
    # B = V d²E/dV², and at the minimum d²E/dV² = E''(x) (dx/dV)².
    second = float(np.polyval(curvature, lowest[0])) * (2 / 3 * volume ** (-5 / 3)) ** 2
    residual = float(np.sqrt(np.mean((np.polyval(cubic, x) - energy_ev) ** 2)))
    return Fit(cubic, volume, volume * second / EV_PER_BAR_ANGSTROM3 / BAR_PER_GPA, residual)


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the fit with ``residual`` (meV/atom), its minimum with the box by ``volume`` (%).

    INCONCLUSIVE where the energy has no minimum within ±9 % of the volume.
    """
    if undecided := too_many_refused(record.refused, reasons=record.refusals):
        return undecided
    known = ~record.refused
    found = fit(record.volume_angstrom3[known], record.energy_ev[known])
    if found is None:
        return inconclusive(
            "the energy has no minimum within 9 % of the volume; relax the cell by a protocol "
            "with found_by = 'energy', such as crystal"
        )
    own = record.volume_angstrom3[len(SCALES) // 2]
    modulus = f"bulk modulus {found.bulk_modulus_gpa:.3g} GPa"
    clause = f"the energy differs from a Birch–Murnaghan curve ({modulus}) by"
    residual = found.residual_ev * MEV_PER_EV / record.n_atoms
    measures = [Measure(clause, residual, limits["residual"])]
    clause = "the volume of lowest energy differs from that of the box by"
    percent = 100.0 * abs(found.volume_angstrom3 / own - 1.0)
    measures.append(Measure(clause, percent, limits["volume"]))
    evidence = {
        "volume_angstrom3_per_atom": found.volume_angstrom3 / record.n_atoms,
        "bulk_modulus_gpa": found.bulk_modulus_gpa,
    }
    return judged(measures, evidence=evidence, refused=record.refused)


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the energy against the volume, with the fit."""
    known = ~record.refused
    volumes, energies_ev = record.volume_angstrom3[known], record.energy_ev[known]
    found = fit(volumes, energies_ev) if len(volumes) > 4 else None
    if found is None:
        return []
    scale, lowest = MEV_PER_EV / record.n_atoms, energies_ev.min()
    at = np.linspace(record.volume_angstrom3.min(), record.volume_angstrom3.max(), 100)
    name = f"Birch–Murnaghan, {found.bulk_modulus_gpa:.3g} GPa"
    marks: list[Line | Dots] = [
        Line(at / record.n_atoms, scale * (found.energy_ev(at) - lowest), name, "ink"),
        Dots(volumes / record.n_atoms, scale * (energies_ev - lowest), "potential"),
    ]
    axes = Axis("Volume (Å³/atom)"), Axis("Energy (meV/atom)")
    return [Plot("Equation of state", [Panel(*axes, [*marks])])]


CHECK = define(
    __name__,
    formula="RMS deviation of E(V)/N from a third-order Birch–Murnaghan equation of state; "
    "|V₀/V − 1|",
    source="Birch, Phys. Rev. 71 (1947) 809; MLIP Arena",
    limits={"residual": "meV/atom", "volume": "%"},
    consequence="The crystal has a wrong or rough response to pressure; elastic constants and "
    "thermal expansion are meaningless.",
    remedy="Train on strained cells with their stress; look at `cutoff_continuity` where the curve "
    "has steps, and relax the cell where only its minimum is elsewhere.",
    needs=("minimum",),
)
