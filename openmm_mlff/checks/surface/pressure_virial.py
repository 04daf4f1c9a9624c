"""Does the pressure belong to the energy, also in OpenMM when the box changes?"""

from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.checks.inputs import largest
from openmm_mlff.checks.surface.moves import DETECTABLE_SIGMAS, Noisy, evaluate_boxes, noise_of
from openmm_mlff.config import Limits
from openmm_mlff.plots import Axis, Panel, Plot, Points
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.shared import OWN_GEOMETRIES
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import EV_PER_BAR_ANGSTROM3, MEV_PER_EV

STRAIN = 2e-3
STENCIL = ((1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0))
"""(multiple of the strain, weight): f' h = Σ w f / 12 + O(h⁵), so that stiff bonds do no harm."""

SECOND = (16.0, 16.0, -1.0, -1.0, -30.0)
"""Weights of these energies and that of the box itself: f'' h² = Σ w f / 12 + O(h⁶)."""

RELAXED = 0.2
"""Of the stiffness of a box whose molecules keep their places, liquid water keeps about a fifth."""

COMPONENTS = ((0, 0), (1, 1), (2, 2), (1, 0), (2, 0), (2, 1))
"""(row, column) of the strain r → r (1 + ε): those that keep a box as OpenMM orients it."""
NAMES = ("xx", "yy", "zz", "yx", "zx", "zy")

COMPRESSION = 0.9
"""Of lengths: the density rises by 37 %, more than neighbour lists keep in reserve."""


@record
class Record(Noisy):
    """dE/dε of one box of thermal motion, by the energy and by the virial, in six components."""

    n_atoms: int
    volume_cubic_angstrom: float
    slopes_ev: np.ndarray = array(6)  # from the energy of strained boxes, evaluated directly
    openmm_slopes_ev: np.ndarray = array(6)  # the same in one Context of OpenMM
    # dE/d ln L in OpenMM, all lengths between the centres of the molecules strained equally, as a
    # barostat does, and the same from `openmm_slopes_ev` and the forces within the molecules
    openmm_molecular_slope_ev: float
    molecular_virial_ev: float
    molecular_stiffness_ev: float  # d²E/dλ², with all lengths between the molecules times λ
    virial_ev: np.ndarray | None = array(6, default=None)  # volume times stress of the calculator
    no_virial: str = ""  # why there is none
    # energy of the compressed box in that Context less that of a new instance; NaN where refused
    compression_change_ev: float = float("nan")
    no_compression: str = ""  # why it was refused
    refused: bool = False  # whether the potential refused a strained box


def measure(subject: Subject) -> Record | NotApplicable:
    """Strain the box at a frame of the potential's own dynamics, and compress it."""
    molecule = subject.molecule
    if molecule.cell_angstrom is None:
        return NotApplicable("it has no periodic box")
    cell, placed = np.array(molecule.cell_angstrom), subject.geometries()[-1]
    stress = subject.stress(placed)
    rows, columns = np.array(COMPONENTS).T
    multiples, weights = np.array(STENCIL).T
    strains = np.tile(np.eye(3), (len(multiples), len(COMPONENTS), 1, 1))
    strains[:, np.arange(len(COMPONENTS)), rows, columns] += STRAIN * multiples[:, None]
    strains = strains.reshape(-1, 3, 3)
    found = evaluate_boxes(subject, cell @ strains, placed @ strains)
    # Last the box itself, for its forces, after the strains of the molecules' centres.
    by_molecule, index = subject.bulk.centres(placed, by_mass=False)
    centres = by_molecule[index]
    scales = 1.0 + STRAIN * np.append(multiples, 0.0)[:, None, None]
    cells = np.concatenate([cell @ strains, scales * cell])
    positions = np.concatenate([placed @ strains, placed + (scales - 1.0) * centres])
    in_openmm = subject.paths.in_openmm(positions, cells_angstrom=cells)
    atomic, molecular = np.split(in_openmm.energies_ev, [len(strains)])
    energies = found.energies_ev, atomic, molecular[:-1]
    slopes = [weights @ one.reshape(len(weights), -1) / (12.0 * STRAIN) for one in energies]
    within = np.sum(in_openmm.forces_ev_per_angstrom[-1] * (placed - centres))
    compressed = subject.bulk.compressed(
        placed, placed + (COMPRESSION - 1.0) * centres, cell_angstrom=COMPRESSION * cell
    )
    known: dict[str, Any] = {}
    if isinstance(compressed, NotApplicable):
        known["no_compression"] = compressed.reason
    else:
        known["compression_change_ev"] = compressed[0] - compressed[1]
    if isinstance(stress, NotApplicable):
        known["no_virial"] = stress.reason
    else:
        known["virial_ev"] = stress[rows, columns] * np.linalg.det(cell)
    return Record(
        n_atoms=molecule.n_atoms,
        volume_cubic_angstrom=float(np.linalg.det(cell)),
        slopes_ev=slopes[0],
        openmm_slopes_ev=slopes[1],
        openmm_molecular_slope_ev=float(slopes[2][0]),
        molecular_virial_ev=float(slopes[1][:3].sum() + within),
        molecular_stiffness_ev=float(np.dot(SECOND, molecular) / (12.0 * STRAIN**2)),
        refused=bool(found.refused.any()),
        refusals=found.reasons,
        **known,
        **noise_of(subject),
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare pressures (bar) and the energy of the compressed box (meV/atom).

    The limit of a pressure is ``pressure``, or ``relative`` of the largest component or of the bulk
    modulus if that is more: what changes the density by a thousandth.  Where three standard
    deviations of the energy's noise exceed it, a smaller difference is INCONCLUSIVE.
    """
    if record.refused:
        return inconclusive(f"a strained box was refused ({record.refusals[0]})")
    to_bar = 1.0 / (EV_PER_BAR_ANGSTROM3 * record.volume_cubic_angstrom)
    # The bulk modulus is d²E/dλ² / 9V, and two thirds of the pressure.
    modulus_bar = RELAXED * record.molecular_stiffness_ev * to_bar / 9.0
    size_bar = max(largest(record.slopes_ev) * to_bar, modulus_bar)
    limit = limits["pressure"]
    larger = max(limit.value, limits["relative"].value * size_bar)
    allowed = limit.model_copy(update={"value": larger})
    weights = np.array(STENCIL)[:, 1]
    noise_bar = np.linalg.norm(weights) / (12.0 * STRAIN) * record.energy_noise_ev * to_bar
    hidden_bar = float(DETECTABLE_SIGMAS * noise_bar)
    half_width = 0.0 if hidden_bar <= allowed.value else hidden_bar
    molecular_ev = (record.openmm_molecular_slope_ev - record.molecular_virial_ev) / 3.0
    differences_ev = {
        "straining the box in OpenMM changes the energy otherwise than by direct evaluation, by up "
        "to": record.openmm_slopes_ev - record.slopes_ev,
        "the pressure on whole molecules, as a barostat sees it in OpenMM, differs from that of "
        "the atoms and forces by": np.array(molecular_ev),
    }
    if record.virial_ev is not None:
        clause = "the virial differs from the slope of the energy against the strain by up to"
        differences_ev[clause] = record.virial_ev - record.slopes_ev
    measures = [
        Measure(clause, largest(difference_ev) * to_bar, allowed, half_width=half_width)
        for clause, difference_ev in differences_ev.items()
    ]
    if not record.no_compression:
        change = abs(record.compression_change_ev) * MEV_PER_EV / record.n_atoms
        clause = "after compression the energy differs from that of a new instance by"
        measures.append(Measure(clause, change, limits["compression"]))
    notes = ("no virial", record.no_virial), ("not compressed", record.no_compression)
    return judged(
        measures,
        evidence={
            "pressure_of_atoms_bar": -float(record.slopes_ev[:3].sum()) / 3.0 * to_bar,
            "pressure_of_molecules_bar": -record.openmm_molecular_slope_ev / 3.0 * to_bar,
            "modulus_bar": modulus_bar,
            "kinetic_part": "not included: N kT/V, N atoms or molecules",
            "detection_limit_bar": hidden_bar,
        },
        note="; ".join(f"{what}: {reason}" for what, reason in notes if reason),
    )


def plots(record: Record, limits: Limits) -> list[Plot]:
    """Plot the six components of the potential part of the pressure, by each route."""
    to_bar = -1.0 / (EV_PER_BAR_ANGSTROM3 * record.volume_cubic_angstrom)
    places = np.arange(float(len(NAMES)))
    marks = [
        Points(places, to_bar * record.slopes_ev, "energy"),
        Points(places, to_bar * record.openmm_slopes_ev, "energy in OpenMM", marker="ring"),
    ]
    if record.virial_ev is not None:
        marks.append(Points(places, to_bar * record.virial_ev, "virial", marker="cross"))
    panel = Panel(Axis("Component", categories=NAMES), Axis("Pressure (bar)"), marks)
    caption = "Potential part of the pressure in one frame, by strained boxes and by the virial."
    return [Plot("Pressure", [panel], caption, "pressure")]


CHECK = define(
    __name__,
    formula="|V σ − dE/dε| / V in six components; dE/dε in OpenMM, of atoms and of whole "
    "molecules; E(lengths × 0.9) in a used and in a new instance",
    limits={"pressure": "bar", "relative": "ratio", "compression": "meV/atom"},
    source="the pressure is minus the derivative of the energy with respect to the volume",
    consequence="At constant pressure the density is wrong, or the box collapses or explodes.",
    remedy="Look for a stress without the pairs across the box's faces, for a box that is read "
    "once and kept, and for a neighbour list whose capacity was set at the density of the start.",
    needs=(*OWN_GEOMETRIES, "noise"),
)
