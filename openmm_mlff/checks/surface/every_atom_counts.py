"""Does every atom have an effect?"""

from itertools import zip_longest
from typing import TYPE_CHECKING

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, Measure, judged
from openmm_mlff.checks.inputs import refusal_note, too_many_refused
from openmm_mlff.checks.surface.moves import Noisy, noise_of
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom, name_atoms
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

if TYPE_CHECKING:
    from openmm_mlff.measuring import Subject

STEP_ANGSTROM = 0.1
MOST_ATOMS = 24
"""Of a larger system, so many atoms are displaced, in turn from each element."""

CONTACT_RATIO = 1.3
"""An atom that is beyond every cutoff is brought this near to another, in covalent sums."""

ALONE_ANGSTROM = 4.0
"""An atom without another within this distance may be missing without an effect."""

RESOLVED_SIGMAS = 20.0
RESOLVED_EV = 1e-3
"""A change of energy is compared with the work of the forces only where that work is larger."""


@record
class Record(Noisy):
    """What A displaced atoms change, and what K changes of the composition do.

    Attributes:
        symbols: elements of all atoms.
        atoms: which are displaced.
        force_response: largest change of the atom's own force, eV/Å.
        near_response: the same where the atom is brought near another, eV/Å; NaN where its own
            place was enough.
        energy_response_ev: difference of the energies on both sides.
        work_ev: the same from the forces, by Simpson's rule.
        refused: where the potential refused a point.
        exchanges: what each change of the composition is.
        exchange_energies_ev: what it changes; NaN where refused.
    """

    symbols: tuple[str, ...]
    atoms: np.ndarray = array("A")
    force_response: np.ndarray = array("A")
    near_response: np.ndarray = array("A")
    energy_response_ev: np.ndarray = array("A")
    work_ev: np.ndarray = array("A")
    refused: np.ndarray = array("A")
    exchanges: tuple[str, ...] = ()
    exchange_energies_ev: np.ndarray = array("K")


def measure(subject: "Subject") -> Record | NotApplicable:
    """Displace atoms of the minimum to both sides, and exchange one of each element.

    Args:
        subject: what is measured.

    Returns:
        The responses.
    """
    molecule = subject.molecule
    if molecule.n_atoms == 1:
        return NotApplicable("a single atom has nothing to respond to")
    atoms = chosen_atoms(molecule.atomic_numbers, first=_described(subject))
    rows = np.arange(len(atoms))
    steps = np.random.default_rng(subject.seed).normal(size=(len(atoms), 3))
    steps *= STEP_ANGSTROM / np.linalg.norm(steps, axis=1, keepdims=True)
    start = np.array(molecule.positions_angstrom)
    placed = np.tile(start, (2, len(atoms), 1, 1))
    placed[0, rows, atoms] -= steps
    placed[1, rows, atoms] += steps
    found = subject.evaluate(np.concatenate([placed.reshape(-1, *start.shape), start[None]]))
    own = found.forces_ev_per_angstrom[:-1].reshape(placed.shape)[:, rows, atoms]
    middle = found.forces_ev_per_angstrom[-1][atoms]
    response = np.linalg.norm(own - middle, axis=-1).max(axis=0)
    lower, upper = found.energies_ev[:-1].reshape(2, -1)
    refused = found.refused[:-1].reshape(2, -1).any(axis=0) | found.refused[-1]
    near = _responses_near(subject, atoms, quiet=response < RESOLVED_EV)
    exchanges, energies_ev = _exchanged(subject, energy_ev=float(found.energies_ev[-1]))
    return Record(
        symbols=molecule.symbols,
        atoms=atoms,
        force_response=response,
        near_response=near,
        energy_response_ev=upper - lower,
        work_ev=-np.sum((own[0] + 4.0 * middle + own[1]) / 3.0 * steps, axis=1),
        refused=refused,
        refusals=found.reasons,
        exchanges=exchanges,
        exchange_energies_ev=energies_ev,
        **noise_of(subject),
    )


def _described(subject: "Subject") -> np.ndarray:
    """Return the atoms that an ML/MM potential describes by its ML part; none for others."""
    return np.array(getattr(subject.potential, "ml_atoms", ()), dtype=np.int64)


def chosen_atoms(atomic_numbers: np.ndarray, *, first: np.ndarray) -> np.ndarray:
    """Return at most 24 atoms, int64 (A,): half of them of `first`, in turn from each element."""

    def in_turn(atoms: np.ndarray) -> list[int]:
        numbers = atomic_numbers[atoms]
        kinds = [atoms[numbers == number].tolist() for number in np.unique(numbers)]
        return [atom for turn in zip_longest(*kinds) for atom in turn if atom is not None]

    chosen = in_turn(first)[: MOST_ATOMS // 2] if len(first) else []
    others = in_turn(np.setdiff1d(np.arange(len(atomic_numbers)), chosen))
    return np.sort(np.array(chosen + others[: MOST_ATOMS - len(chosen)], dtype=np.int64))


def _neighbour(molecule: MolecularSystem, atom: int) -> tuple[int, np.ndarray]:
    """Return the atom nearest to another, and the vector from it, Å, by nearest images."""
    vectors = molecule.positions_angstrom[atom] - molecule.positions_angstrom
    if molecule.cell_angstrom is not None:
        cell = molecule.cell_angstrom
        vectors = vectors - np.round(vectors @ np.linalg.inv(cell)) @ cell
    distances = np.linalg.norm(vectors, axis=1)
    distances[atom] = np.inf
    nearest = int(np.argmin(distances))
    return nearest, vectors[nearest]


def _responses_near(subject: "Subject", atoms: np.ndarray, *, quiet: np.ndarray) -> np.ndarray:
    """Return the change of an atom's force near another atom; NaN for atoms that need it not."""
    molecule, responses = subject.molecule, np.full(len(atoms), np.nan)
    for k in np.flatnonzero(quiet):
        atom = int(atoms[k])
        other, vector = _neighbour(molecule, atom)
        radii = covalent_radii_angstrom(molecule.atomic_numbers[[atom, other]])
        direction = vector / np.linalg.norm(vector)
        pair = np.tile(molecule.positions_angstrom, (2, 1, 1))
        reach = CONTACT_RATIO * radii.sum() + np.array([0.0, STEP_ANGSTROM])
        pair[:, atom] = pair[0, other] + reach[:, None] * direction
        forces = subject.evaluate(pair).forces_ev_per_angstrom[:, atom]
        responses[k] = np.linalg.norm(forces[1] - forces[0])
    return responses


def _exchanged(subject: "Subject", *, energy_ev: float) -> tuple[tuple[str, ...], np.ndarray]:
    """Take one atom of each element away, and replace it by one of another element."""
    molecule, potential = subject.molecule, subject.potential
    names: list[str] = []
    changes: list[float] = []
    if not potential.composition_is_free or potential.has_force_field:
        return (), np.empty(0)
    elements = np.unique(molecule.atomic_numbers)
    for element, other in zip(elements, np.roll(elements, 1), strict=True):
        near = [
            (float(np.linalg.norm(_neighbour(molecule, int(atom))[1])), int(atom))
            for atom in np.flatnonzero(molecule.atomic_numbers == element)[:MOST_ATOMS]
        ]
        distance, atom = min(near)
        if distance > ALONE_ANGSTROM:
            continue
        label = name_atoms(molecule.atomic_numbers, (atom,))
        others = np.delete(np.arange(molecule.n_atoms), atom)
        changed = {f"leaving {label} out": _composed(molecule, molecule.atomic_numbers, others)}
        if other != element:
            numbers = np.array(molecule.atomic_numbers)
            numbers[atom] = other
            whole = np.arange(molecule.n_atoms)
            composed = _composed(molecule, numbers, whole)
            changed[f"replacing {label} by {_symbol(molecule, int(other))}"] = composed
        for name, one in changed.items():
            if one is not None:
                found = subject.evaluate(one.positions_angstrom[None], molecule=one)
                names.append(name)
                changes.append(float(found.energies_ev[0]) - energy_ev)
    return tuple(names), np.array(changes)


def _symbol(molecule: MolecularSystem, number: int) -> str:
    return molecule.symbols[int(np.argmax(molecule.atomic_numbers == number))]


def _composed(
    molecule: MolecularSystem, numbers: np.ndarray, atoms: np.ndarray
) -> MolecularSystem | None:
    """Return these atoms, of the lowest spin; None where they have no electrons."""
    n_electrons = int(numbers[atoms].sum()) - molecule.charge
    if n_electrons < 1:
        return None
    return MolecularSystem(
        name=f"{molecule.name}, changed",
        atomic_numbers=numbers[atoms],
        positions_angstrom=molecule.positions_angstrom[atoms],
        charge=molecule.charge,
        multiplicity=1 + n_electrons % 2,
        cell_angstrom=molecule.cell_angstrom,
    )


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare each atom's smallest effect with its limit.

    Args:
        record: the responses.
        limits: ``force`` (meV/Å), change of an atom's own force when it is displaced by 0.1 Å, here
            or near another atom; ``energy`` (ratio), change of the energy over the work of the
            forces; ``exchange`` (meV), change of the energy with the composition.

    Returns:
        PASS where every atom has an effect.
    """
    undecided = too_many_refused(record.refused, reasons=record.refusals)
    if undecided is not None:
        return undecided
    measures = [*_displaced(record, limits), *_composition(record, limits)]
    return judged(
        measures,
        evidence={
            "atoms": [_name(record, int(atom)) for atom in record.atoms],
            "force_response_ev_per_angstrom": record.force_response,
            "energy_response_ev": record.energy_response_ev,
            "exchanges": dict(
                zip(record.exchanges, record.exchange_energies_ev.tolist(), strict=True)
            ),
        },
        note=refusal_note(record.refused),
    )


def _displaced(record: Record, limits: Limits) -> list[Measure]:
    """Return the smallest responses of force and energy."""
    known = np.flatnonzero(~record.refused)
    response = np.fmax(record.force_response, record.near_response)[known]
    quiet = int(known[np.argmin(response)])
    name = _name(record, int(record.atoms[quiet]))
    measures = [
        Measure(
            f"displacing {name} by {STEP_ANGSTROM:g} Å changes its force by",
            MEV_PER_EV * float(response.min()),
            limits["force"],
            at_least=True,
        )
    ]
    work = np.abs(record.work_ev)
    least = max(RESOLVED_EV, RESOLVED_SIGMAS * np.nan_to_num(record.energy_noise_ev))
    resolved = known[work[known] > least]
    if len(resolved):
        ratios = np.abs(record.energy_response_ev[resolved]) / work[resolved]
        atom = int(record.atoms[resolved[np.argmin(ratios)]])
        clause = f"displacing {_name(record, atom)} changes the energy, over its force's work, by"
        measures.append(Measure(clause, float(ratios.min()), limits["energy"], at_least=True))
    return measures


def _composition(record: Record, limits: Limits) -> list[Measure]:
    """Return the change of energy of each change of the composition that was not refused."""
    return [
        Measure(
            f"{name} changes the energy by", MEV_PER_EV * change, limits["exchange"], at_least=True
        )
        for name, change in zip(
            record.exchanges, np.abs(record.exchange_energies_ev).tolist(), strict=True
        )
        if np.isfinite(change)
    ]


def _name(record: Record, atom: int) -> str:
    return f"{record.symbols[atom]}{atom + 1}"


CHECK = Check(
    id="every_atom_counts",
    group="surface",
    question="Does every atom have an effect?",
    formula="min over atoms of the change of its force when it is displaced by 0.1 Å; |ΔE| when "
    "one atom of an element is left out or replaced",
    unit="meV/Å",
    limits={"force": "meV/Å", "energy": "ratio", "exchange": "meV"},
    source="scripted ANI-2x ignores an element that it does not know: its force is exactly zero",
    consequence="Atoms of an element that the potential ignores fly straight through the others, "
    "and nothing of what they should do is in the trajectory.",
    remedy="Use a potential that was trained on this element, and let it refuse those that it does "
    "not know; check the table that turns atomic numbers into the model's own indices.",
    record=Record,
    measure=measure,
    judge=judge,
    needs=("minimum", "noise"),
)
