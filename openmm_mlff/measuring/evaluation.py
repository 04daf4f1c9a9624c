"""Evaluate many geometries in one call; count and name those that the potential refuses."""

from dataclasses import dataclass
from functools import partial
from itertools import repeat

import numpy as np
import openmm

from openmm_mlff import units
from openmm_mlff.errors import EvaluationRefusedError, PotentialError
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials import Evaluation, Potential
from openmm_mlff.potentials.base import openmm_box_nm
from openmm_mlff.potentials.calculation import refusals
from openmm_mlff.potentials.sites import of_atoms
from openmm_mlff.reporters.quantities import forces_ev_per_angstrom, potential_ev
from openmm_mlff.simulation.contexts import warm_up
from openmm_mlff.simulation.platforms import PlatformChoice
from openmm_mlff.storage.measurements import NotApplicable

_REASONS_KEPT = 10

_PAIRS_AT_ONCE = 4_000_000
"""Pairs of atoms given to a potential in one call, which bounds its memory."""


@dataclass(frozen=True)
class Points:
    """Energies (...), forces (..., N, 3) and refusals (...) at geometries; NaN where refused.

    The first ten refusals have reasons.
    """

    energies_ev: np.ndarray
    forces_ev_per_angstrom: np.ndarray
    refused: np.ndarray
    reasons: tuple[str, ...] = ()


def evaluate_points(
    potential: Potential,
    molecule: MolecularSystem,
    positions_angstrom: np.ndarray,
    *,
    precision: str,
    through_ase: bool = False,
) -> Points:
    """Evaluate geometries (..., N, 3), Å, in few calls; where one is refused, one by one.

    With `through_ase`, as an ASE user does, without the potential's own batched call.

    Raises:
        PotentialError: the potential returned arrays of another shape.
    """
    evaluate = partial(Potential.evaluate, potential) if through_ase else potential.evaluate
    placed = positions_angstrom.reshape(-1, *positions_angstrom.shape[-2:])
    energies_ev, forces = np.full(len(placed), np.nan), np.full(placed.shape, np.nan)
    refused = np.zeros(len(placed), dtype=bool)
    reasons: list[str] = []

    def fill(first: int, last: int) -> None:
        part = slice(first, last)
        try:
            found = evaluate(molecule, placed[part], precision=precision)
        except EvaluationRefusedError as refusal:
            if last - first == 1:
                refused[first] = True
                reasons.append(f"geometry {first}: {refusal}")
                return
            for index in range(first, last):
                fill(index, index + 1)
            return
        shapes = np.shape(found.energies_ev), np.shape(found.forces_ev_per_angstrom)
        if shapes != (energies_ev[part].shape, forces[part].shape):
            raise PotentialError(
                f"{potential.spec} returned energies of shape {shapes[0]} and forces of shape "
                f"{shapes[1]} for {last - first} geometries of {molecule.n_atoms} atoms; expected "
                f"{energies_ev[part].shape} and {forces[part].shape}"
            )
        energies_ev[part], forces[part] = found.energies_ev, found.forces_ev_per_angstrom

    portion = max(1, _PAIRS_AT_ONCE // molecule.n_atoms**2)
    for first in range(0, len(placed), portion):
        fill(first, min(first + portion, len(placed)))
    shape, kept = positions_angstrom.shape, tuple(reasons[:_REASONS_KEPT])
    batch = shape[:-2]
    return Points(energies_ev.reshape(batch), forces.reshape(shape), refused.reshape(batch), kept)


def evaluate_stress(
    potential: Potential, molecule: MolecularSystem, *, precision: str
) -> np.ndarray | NotApplicable:
    """Return the stress of a box by the potential's ASE calculator, (3, 3), eV/Å³."""
    from ase.calculators.calculator import PropertyNotImplementedError

    atoms = molecule.to_ase()
    atoms.calc = potential.shared_calculator(precision=precision)
    if "stress" not in atoms.calc.implemented_properties:
        return NotApplicable("the potential gives no stress")
    try:
        with refusals():
            return np.array(atoms.get_stress(voigt=False))
    except PropertyNotImplementedError:
        return NotApplicable("the potential gives no stress")
    except EvaluationRefusedError as refusal:
        return NotApplicable(f"the potential refused to compute the stress ({refusal})")


def evaluate_in_openmm(
    system: openmm.System,
    molecule: MolecularSystem | None,
    placed_angstrom: np.ndarray,
    *,
    platform: PlatformChoice,
    cells_angstrom: np.ndarray | None = None,
) -> Evaluation:
    """Evaluate geometries (G, N, 3), Å, one after the other in one Context.

    The Context is warmed up at the molecule's geometry, which must be sane; it stays cold where
    `molecule` is None.  Box vectors are (G, 3, 3), by default those of the System.
    """
    integrator = openmm.VerletIntegrator(0.001)
    chosen = openmm.Platform.getPlatformByName(platform.name)
    context = of_atoms(openmm.Context(system, integrator, chosen, dict(platform.properties)))
    if molecule is not None:
        context.setPositions(units.nm_from_angstrom(molecule.positions_angstrom))
        warm_up(context)

    boxes = repeat(None) if cells_angstrom is None else map(openmm_box_nm, cells_angstrom)

    def evaluate(placed: np.ndarray, box_nm: np.ndarray | None) -> tuple[float, np.ndarray]:
        if box_nm is not None:
            context.setPeriodicBoxVectors(*box_nm)
        context.setPositions(units.nm_from_angstrom(placed))
        state = context.getState(energy=True, forces=True)
        return potential_ev(state), forces_ev_per_angstrom(state)

    return Evaluation.of(map(evaluate, placed_angstrom, boxes), n_atoms=system.getNumParticles())
