"""Does the potential take account of the charge and the multiplicity?"""

from dataclasses import replace

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, inconclusive, judged
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.molecules.electrons import lowest_multiplicity
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV


@record
class Record:
    """Energies of one geometry in S electronic states, the system's own first."""

    states: tuple[str, ...]  # charge and multiplicity in words
    energies_ev: np.ndarray = array("S")  # NaN where the potential refused the state


def measure(subject: Subject) -> Record | NotApplicable:
    """Evaluate the minimum in its own electronic state and in others."""
    molecule = subject.molecule
    if molecule.charge == 0 and molecule.multiplicity == 1:
        return NotApplicable("the system is neutral and closed-shell, as every potential assumes")
    if subject.potential.has_force_field:
        return NotApplicable("the force field has charges of its own")
    states = [molecule, *other_states(molecule)]
    found = [subject.evaluate(one.positions_angstrom, molecule=one) for one in states]
    energies = [float(one.energies_ev) for one in found]
    names = tuple(f"charge {one.charge:+d}, multiplicity {one.multiplicity}" for one in states)
    return Record(states=names, energies_ev=np.array(energies))


def other_states(molecule: "MolecularSystem") -> "list[MolecularSystem]":
    """Return the neutral system of the lowest multiplicity and the ion of another multiplicity."""
    numbers, states = molecule.atomic_numbers, []
    if molecule.charge != 0:
        states.append(replace(molecule, charge=0, multiplicity=lowest_multiplicity(numbers)))
    if molecule.multiplicity > 1:
        lowest = lowest_multiplicity(numbers, charge=molecule.charge)
        other = lowest if molecule.multiplicity > lowest else lowest + 2
        states.append(replace(molecule, multiplicity=other))
    return states


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the change of the energy between electronic states with the least one.

    The limit is ``energy`` (meV).  A state that the potential refuses is one that it distinguishes.
    """
    own, *others = record.energies_ev.tolist()
    if not np.isfinite(own):
        return inconclusive("the potential refused the system's own charge and multiplicity")
    changes = [
        (f"going from {record.states[0]} to {state} changes the energy by", abs(energy - own))
        for state, energy in zip(record.states[1:], others, strict=True)
        if np.isfinite(energy)
    ]
    if not changes:
        return Judgement(Status.PASS, "the potential refuses every other charge and multiplicity")
    return judged(
        Measure(clause, MEV_PER_EV * change_ev, limits["energy"], at_least=True)
        for clause, change_ev in changes
    )


CHECK = define(
    __name__,
    formula="|E(q, m) − E(q', m')| at the minimum, for the neutral system and another multiplicity",
    limits={"energy": "meV"},
    source="an ionisation or a spin flip costs 0.1 eV or more; a potential that ignores them "
    "changes by exactly zero",
    consequence="The system runs in the electronic state that the potential was trained on: an ion "
    "as if it were neutral, a radical as a singlet.",
    remedy="Verify that the training data hold this charge and multiplicity, or use a potential "
    "that reads them (ASE calculators read `charge` and `spin`, `multiplicity` or `mult` from "
    "atoms.info).",
    needs=("minimum",),
)
