"""Does every atom have an effect?"""

from itertools import zip_longest

import numpy as np

from openmm_mlff.checks.base import Judgement, Measure, Subject, define, judged
from openmm_mlff.checks.inputs import ml_atoms, too_many_refused
from openmm_mlff.checks.surface.moves import Noisy, noise_of
from openmm_mlff.checks.surface.scans import nearest_vectors
from openmm_mlff.config import Limits
from openmm_mlff.molecules import MolecularSystem, covalent_radii_angstrom, name_atoms
from openmm_mlff.molecules.electrons import lowest_multiplicity
from openmm_mlff.storage.measurements import NotApplicable
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import MEV_PER_EV

STEP_ANGSTROM = 0.1
MOST_ATOMS = 24  # at most this many atoms are displaced, in turn from each element
CONTACT_RATIO = 1.3  # an atom without a response is placed this near to another, in covalent sums
ALONE_ANGSTROM = 4.0  # an atom without another this near need not change the energy
RESOLVED_SIGMAS = 20.0
RESOLVED_EV = 1e-3  # the energy is compared with the work of the forces above both


@record
class Record(Noisy):
    """Responses to displacing A atoms, and to K changes of the composition."""

    symbols: tuple[str, ...]  # of all atoms
    atoms: np.ndarray = array("A")  # indices of the displaced ones
    force_response: np.ndarray = array("A")  # largest change of the atom's own force, eV/Å
    # the same near another atom, eV/Å; NaN where that was not needed
    near_response: np.ndarray = array("A")
    # root of the squares of E₊ − E₋ and E₊ + E₋ − 2 E₀, of which one may vanish by chance
    energy_response_ev: np.ndarray = array("A")
    work_ev: np.ndarray = array("A")  # the same from the forces, by Simpson's and trapezoidal rules
    refused: np.ndarray = array("A")
    exchanges: tuple[str, ...] = ()  # names of the changes of the composition
    exchange_energies_ev: np.ndarray = array("K")  # change of the energy; NaN where refused


def measure(subject: Subject) -> Record | NotApplicable:
    """Displace atoms of the minimum to both sides, and remove or replace one of each element."""
    molecule = subject.molecule
    if molecule.n_atoms == 1:
        return NotApplicable("a single atom has nothing to respond to")
    atoms = chosen_atoms(molecule.atomic_numbers, first=ml_atoms(subject))
    rows = np.arange(len(atoms))
    steps = np.random.default_rng(subject.seed).normal(size=(len(atoms), 3))
    steps *= STEP_ANGSTROM / np.linalg.norm(steps, axis=1, keepdims=True)
    placed = np.tile(molecule.positions_angstrom, (3, len(atoms), 1, 1))
    placed[:, rows, atoms] += np.array([-1.0, 0.0, 1.0])[:, None, None] * steps
    found = subject.evaluate(placed)
    own = found.forces_ev_per_angstrom[:, rows, atoms]
    response = np.linalg.norm(own - own[1], axis=-1).max(axis=0)
    near = _responses_near(subject, atoms, quiet=response < RESOLVED_EV)
    below_ev, at_ev, above_ev = found.energies_ev
    simpson, trapezoid = (own[0] + 4.0 * own[1] + own[2]) / 3.0, (own[2] - own[0]) / 2.0
    exchanged_ev = _exchanged(subject, energy_ev=float(found.energies_ev[1, 0]))
    return Record(
        symbols=molecule.symbols,
        atoms=atoms,
        force_response=response,
        near_response=near,
        energy_response_ev=np.hypot(above_ev - below_ev, above_ev + below_ev - 2.0 * at_ev),
        work_ev=np.hypot(*(np.sum(each * steps, axis=1) for each in (simpson, trapezoid))),
        refused=np.any(found.refused, axis=0),
        refusals=found.reasons,
        exchanges=tuple(exchanged_ev),
        exchange_energies_ev=np.array(list(exchanged_ev.values())),
        **noise_of(subject),
    )


def chosen_atoms(atomic_numbers: np.ndarray, *, first: np.ndarray) -> np.ndarray:
    """Return at most 24 atoms, int64 (A,): half of them of `first`, in turn from each element."""

    def in_turn(atoms: np.ndarray) -> list[int]:
        numbers = atomic_numbers[atoms]
        kinds = [atoms[numbers == number].tolist() for number in np.unique(numbers)]
        return [atom for turn in zip_longest(*kinds) for atom in turn if atom is not None]

    chosen = in_turn(first)[: MOST_ATOMS // 2]
    others = in_turn(np.setdiff1d(np.arange(len(atomic_numbers)), chosen))
    return np.sort(np.array(chosen + others[: MOST_ATOMS - len(chosen)], dtype=np.int64))


def _nearest(molecule: MolecularSystem, atom: int) -> tuple[int, np.ndarray]:
    """Return the nearest other atom, and the vector from it, Å."""
    others = np.delete(np.arange(molecule.n_atoms), atom)
    pairs = np.stack([others, np.full_like(others, atom)], axis=1)
    vectors = nearest_vectors(molecule, pairs, molecule.positions_angstrom)
    nearest = np.argmin(np.linalg.norm(vectors, axis=1))
    return int(others[nearest]), vectors[nearest]


def _responses_near(subject: Subject, atoms: np.ndarray, *, quiet: np.ndarray) -> np.ndarray:
    """Return the change of each quiet atom's force near another atom; NaN for all others."""
    molecule, responses = subject.molecule, np.full(len(atoms), np.nan)
    for k in np.flatnonzero(quiet):
        atom = int(atoms[k])
        other, vector = _nearest(molecule, atom)
        radii = covalent_radii_angstrom(molecule.atomic_numbers[[atom, other]])
        reach = CONTACT_RATIO * radii.sum() + np.array([0.0, STEP_ANGSTROM])
        pair = np.tile(molecule.positions_angstrom, (2, 1, 1))
        pair[:, atom] = pair[0, other] + np.outer(reach, vector / np.linalg.norm(vector))
        forces = subject.evaluate(pair).forces_ev_per_angstrom[:, atom]
        responses[k] = np.linalg.norm(forces[1] - forces[0])
    return responses


def _exchanged(subject: Subject, *, energy_ev: float) -> dict[str, float]:
    """Remove one atom of each element, and replace it by another; return the changes of energy."""
    molecule, numbers = subject.molecule, subject.molecule.atomic_numbers
    changes_ev: dict[str, float] = {}
    if not subject.potential.composition_is_free or subject.potential.has_force_field:
        return changes_ev
    elements = np.unique(numbers)
    for element, other in zip(elements, np.roll(elements, 1), strict=True):
        alike = np.flatnonzero(numbers == element)[:MOST_ATOMS].tolist()
        distance, atom = min((np.linalg.norm(_nearest(molecule, k)[1]), k) for k in alike)
        if distance > ALONE_ANGSTROM:
            continue
        label = name_atoms(numbers, (atom,))
        exchanges = {f"leaving {label} out": 0}
        if other != element:
            symbol = molecule.symbols[int(np.argmax(numbers == other))]
            exchanges[f"replacing {label} by {symbol}"] = int(other)
        for name, number in exchanges.items():
            exchanged = np.where(np.arange(len(numbers)) == atom, number, numbers)
            if exchanged.sum() > molecule.charge:
                changed = MolecularSystem(
                    name=f"{molecule.name}, changed",
                    atomic_numbers=exchanged[exchanged > 0],
                    positions_angstrom=molecule.positions_angstrom[exchanged > 0],
                    charge=molecule.charge,
                    multiplicity=lowest_multiplicity(exchanged, charge=molecule.charge),
                    cell_angstrom=molecule.cell_angstrom,
                )
                found = subject.evaluate(changed.positions_angstrom, molecule=changed)
                changes_ev[name] = float(found.energies_ev) - energy_ev
    return changes_ev


def judge(record: Record, limits: Limits) -> Judgement:
    """Compare the smallest effects with their limits, all of which must be reached.

    ``force`` (meV/Å): change of an atom's own force, at its place or near another atom; ``energy``
    (ratio): change of the energy over the work of the forces; ``exchange`` (meV): change of the
    energy with the composition.
    """
    if undecided := too_many_refused(record.refused, reasons=record.refusals):
        return undecided
    names = [f"{record.symbols[atom]}{atom + 1}" for atom in record.atoms]
    known, work_ev = np.flatnonzero(~record.refused), np.abs(record.work_ev)
    response = np.fmax(record.force_response, record.near_response)
    least = known[np.argmin(response[known])]
    clause = f"displacing {names[least]} by {STEP_ANGSTROM:g} Å changes its force by"
    found = [(clause, MEV_PER_EV * response[least], "force")]
    resolved_ev = max(RESOLVED_EV, RESOLVED_SIGMAS * np.nan_to_num(record.energy_noise_ev))
    resolved = known[work_ev[known] > resolved_ev]
    if len(resolved):
        ratios = np.abs(record.energy_response_ev[resolved]) / work_ev[resolved]
        name = names[resolved[np.argmin(ratios)]]
        clause = f"the energy change on displacing {name}, relative to the work of its force, is"
        found.append((clause, ratios.min(), "energy"))
    changes = zip(record.exchanges, np.abs(record.exchange_energies_ev), strict=True)
    found += [
        (f"{name} changes the energy by", MEV_PER_EV * change_ev, "exchange")
        for name, change_ev in changes
        if np.isfinite(change_ev)
    ]
    return judged(
        (Measure(what, float(size), limits[limit], at_least=True) for what, size, limit in found),
        evidence={"atoms": names, "force_response_ev_per_angstrom": record.force_response},
        refused=record.refused,
    )


CHECK = define(
    __name__,
    formula="min over atoms of the change of its force when it is displaced by 0.1 Å; |ΔE| when "
    "one atom of an element is left out or replaced",
    limits={"force": "meV/Å", "energy": "ratio", "exchange": "meV"},
    source="scripted ANI-2x ignores an element that it does not know: its force is exactly zero",
    consequence="Atoms of an ignored element pass through other atoms.",
    remedy="Use a potential trained on this element, and make it refuse unknown elements; check "
    "the table that converts atomic numbers to the model's own indices.",
    needs=("minimum", "noise"),
)
