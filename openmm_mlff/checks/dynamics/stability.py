"""Does the molecule stay intact?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Judgement, inconclusive, skipped
from openmm_mlff.checks.dynamics.relaxation import bond_lengths_angstrom, change_on_relaxation
from openmm_mlff.checks.inputs import (
    broken_run,
    check_of_replicas,
    cut_short_run,
    reaches,
    stored_record,
)
from openmm_mlff.config import Limits
from openmm_mlff.molecules import (
    BOND_FACTOR,
    MolecularSystem,
    covalent_radii_angstrom,
    name_atoms,
    pairs_within,
)
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import Run, Runs, TrajectorySeries
from openmm_mlff.storage.shared import ShortRuns


@dataclass(frozen=True)
class Break:
    """What went wrong in a run, when, and at which atoms (zero-based)."""

    time_ps: float
    what: str
    atoms: tuple[int, ...] = ()

    @property
    def survived_ps(self) -> float:
        """The time until then; times of the equilibration are negative."""
        return max(0.0, self.time_ps)

    def text(self, system: MolecularSystem) -> str:
        """Return what went wrong, with the atoms where it does not name them."""
        atoms = name_atoms(system.atomic_numbers, self.atoms)
        return f"{self.what} ({atoms})" if atoms and atoms not in self.what else self.what


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare bonds, contacts, forces and temperatures of every run with their limits.

    ``bond_shortest`` and ``bond_longest`` limit lengths over those in the starting structure;
    ``contact`` the smallest distance of unbonded atoms over the sum of their covalent radii;
    ``temperature_factor`` the temperature over the one asked for; ``largest_force`` is in eV/Å.
    The short runs from the Langevin samples count, too.  A structure given by the user that changes
    its bonds when it is relaxed may not exist (a zwitterion in vacuum, for example): it is
    INCONCLUSIVE unless a reference keeps its bonds.
    """
    if not record.runs:
        return skipped("no simulation was run")
    values = {name: limit.value for name, limit in limits.items()}
    breaks = [_first_break(run, system=record.system, limits=values) for run in record.runs]
    pairs = zip(record.runs, breaks, strict=True)
    evidence = {"runs": [_evidence(run, found, system=record.system) for run, found in pairs]}
    if failed := _failed(record, breaks, evidence=evidence):
        changed = change_on_relaxation(record, limits=values)
        return inconclusive(changed, evidence=evidence) if changed else failed
    if undecided := broken_run(record) or cut_short_run(record):
        return undecided
    for run in record.runs:
        if gap := _not_recorded(run):
            return inconclusive(gap, evidence=evidence)
    survived_ps = min(run.completed_ps for run in record.runs)
    limit_ps = min(run.requested_ps for run in record.runs)
    replicas = f" in each of {len(record.runs)} runs" if len(record.runs) > 1 else ""
    clause = f"the structure stays intact for the requested {survived_ps:g} ps{replicas}"
    return Judgement(Status.PASS, clause, survived_ps, limit_ps, at_least=True, evidence=evidence)


def _failed(
    record: Runs, breaks: Sequence[Break | None], *, evidence: dict[str, Any]
) -> Judgement | None:
    """Return a FAIL by the earliest break of a run, else by that of a short run."""
    several = len(record.runs) > 1
    happened = [
        (found, run.requested_ps, f"the run of replica {run.replica}" if several else "the run")
        for run, found in zip(record.runs, breaks, strict=True)
        if found
    ]
    if not happened and (short := _broken_short_run(record)):
        found = Break(short.failure_ps, short.failure.strip().rstrip("."), short.failure_atoms)
        happened = [(found, short.duration_ps, "a short run from the Langevin samples")]
        evidence = evidence | {"short_run": {"failure": found.what, "atom_indices": found.atoms}}
    if not happened:
        return None
    found, requested_ps, name = min(happened, key=lambda one: one[0].time_ps)
    early = " (it failed during the equilibration)" if found.time_ps < 0.0 else ""
    return Judgement(
        Status.FAIL,
        f"{name} survived {found.survived_ps:.3g} of {requested_ps:g} ps{early}: "
        f"{found.text(record.system)}",
        value=found.survived_ps,
        threshold=requested_ps,
        at_least=True,
        evidence=evidence,
    )


def _broken_short_run(record: Runs) -> ShortRuns | None:
    """Return the short runs from the Langevin samples where one broke at this condition."""
    short, at = stored_record(record, "short_runs", ShortRuns), record.condition
    if short is None or not short.failure or at is None:
        return None
    own = short.failure_kelvin, short.timestep_fs
    return short if own == (at.temperature_kelvin, at.timestep_fs) else None


def _first_break(run: Run, *, system: MolecularSystem, limits: Mapping[str, float]) -> Break | None:
    """Return the earliest break of a run, by its own record and by its streams."""
    found = list(_breaks_of_numbers(run, limits=limits))
    if run.trajectory is not None:
        found += _breaks_of_structure(run.trajectory, system=system, limits=limits)
    if run.failure is not None and run.failure.kind == "unstable":
        what = run.failure.message.strip().rstrip(".")
        # The run's own record goes first: it is checked more often than the streams are written.
        found.insert(0, Break(run.failure.time_ps, what, run.failure.atoms))
    return min(found, key=lambda one: one.time_ps, default=None)


def _breaks_of_numbers(run: Run, *, limits: Mapping[str, float]) -> Iterator[Break]:
    """Yield energies and momenta that are not finite, temperatures and forces beyond limits."""
    energies, momenta = run.energies, run.momenta
    hottest = limits["temperature_factor"] * run.condition.temperature_kelvin
    strongest = limits["largest_force"]
    energy = energies.total_ev + energies.potential_ev + energies.kinetic_ev
    momentum = momenta.linear.sum(axis=1) + momenta.angular.sum(axis=1)
    force = momenta.largest_force_ev_per_angstrom
    for series, values, limit, what, unit in (
        (energies, energy, np.inf, "energy", "eV"),
        (energies, energies.temperature_kelvin, hottest, "temperature", "K"),
        (momenta, momentum, np.inf, "momentum", "amu Å/ps"),
        (momenta, force, strongest, "largest force", "eV/Å"),
    ):
        fine = np.isfinite(values) & (values < limit)
        if not fine.all():
            row = int(np.argmin(fine))
            text = f"the {what} is {values[row]:.3g} {unit}"
            text += f" (limit {limit:g} {unit})" if np.isfinite(limit) else ""
            yield Break(float(series.time_ps[row]), text)


def _breaks_of_structure(
    trajectory: TrajectorySeries, *, system: MolecularSystem, limits: Mapping[str, float]
) -> Iterator[Break]:
    """Yield the first frame of each kind of change."""
    name = partial(name_atoms, system.atomic_numbers)
    positions, time_ps = trajectory.positions_angstrom, trajectory.time_ps.tolist()
    lost = ~np.isfinite(positions).all(axis=2)
    whole = ~lost.any(axis=1)
    for frame in np.flatnonzero(~whole)[:1]:
        atoms = tuple(np.flatnonzero(lost[frame]).tolist())
        yield Break(time_ps[frame], "a position is not finite", atoms)
    start_angstrom = bond_lengths_angstrom(system, system.positions_angstrom)
    ratios = trajectory.bond_lengths_angstrom / start_angstrom
    intact = (ratios >= limits["bond_shortest"]) & (ratios <= limits["bond_longest"])
    for frame, bond in np.argwhere(whole[:, None] & ~intact)[:1]:
        ratio = f"{ratios[frame, bond]:.2f} of its starting length"
        atoms = system.bonds[bond]
        yield Break(time_ps[frame], f"the bond {name(atoms)} has {ratio}", atoms)
    contacts = trajectory.closest_contact
    for frame in np.flatnonzero(whole & ~(contacts >= limits["contact"]))[:1]:
        within = max(BOND_FACTOR, limits["contact"])
        atoms = _closest_pair(positions[frame], system=system, within=within)
        ratio = f"{contacts[frame]:.2f} of the sum of their covalent radii"
        yield Break(time_ps[frame], f"the unbonded atoms {name(atoms)} are at {ratio}", atoms)
    for frame in np.flatnonzero(whole & (trajectory.fragments != system.fragments))[:1]:
        what = f"{system.fragments} fragments have become {trajectory.fragments[frame]}"
        yield Break(time_ps[frame], what)


def _closest_pair(
    positions_angstrom: np.ndarray, *, system: MolecularSystem, within: float
) -> tuple[int, ...]:
    """Return the unbonded pair at the smallest distance over the sum of its covalent radii."""
    radii = covalent_radii_angstrom(system.atomic_numbers)
    pairs, distances = pairs_within(
        positions_angstrom,
        cutoff_angstrom=2.0 * within * float(radii.max()),
        cell_angstrom=system.cell_angstrom,
    )
    bonds = set(system.bonds)
    bonded = [tuple(pair) in bonds for pair in pairs.tolist()]
    relative = np.where(bonded, np.inf, distances / radii[pairs].sum(axis=1))
    return tuple(pairs[int(np.argmin(relative))].tolist())


def _not_recorded(run: Run) -> str:
    """Return which stream of a finished run ends early; empty where none does."""
    for name, stream in (
        ("energies", run.energies),
        ("forces", run.momenta),
        ("positions", run.trajectory),
    ):
        if stream is None or not reaches(stream.time_ps, end_ps=run.completed_ps):
            return f"the {name} of {run.name} were not recorded up to its {run.completed_ps:g} ps"
    return ""


def _evidence(run: Run, found: Break | None, *, system: MolecularSystem) -> dict[str, Any]:
    happened = found or Break(run.completed_ps, "")
    return {
        "run": run.name,
        "survived_ps": happened.survived_ps,
        "failure": happened.what,
        "atoms": [name_atoms(system.atomic_numbers, (atom,)) for atom in happened.atoms],
        # Zero-based, for programs.
        "atom_indices": happened.atoms,
    }


CHECK = check_of_replicas(
    __name__,
    formula="bonds and contacts within their limits, fragments unchanged, forces and temperature "
    "below their limits, all finite, to the end of the run",
    unit="ps",
    source="MDsim (bond deviation of 0.5 Å); mlipaudit",
    limits={
        "bond_shortest": "ratio",
        "bond_longest": "ratio",
        "contact": "ratio",
        "largest_force": "eV/Å",
        "temperature_factor": "ratio",
    },
    consequence="The molecule breaks, collapses or explodes in a production run, and what follows "
    "in the trajectory is not chemistry.",
    remedy="Try a shorter timestep first. Look at the frames before the break; add stretched and "
    "compressed geometries of the atoms named to the training data, or a repulsive core, and "
    "retrain it.",
    needs=("trajectories", "short_runs"),
)
