"""Does the molecule stay intact?"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from openmm_mlff.checks.base import Check, Judgement, inconclusive, skipped
from openmm_mlff.checks.dynamics.relaxation import change_on_relaxation
from openmm_mlff.checks.dynamics.short_runs import ENSEMBLE, broken_short_run
from openmm_mlff.checks.inputs import broken_run, cut_short_run, reaches, read_runs
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


@dataclass(frozen=True)
class Break:
    """What went wrong in a run, when, and at which atoms (zero-based)."""

    time_ps: float
    what: str
    atoms: tuple[int, ...] = ()


def judge(record: Runs, limits: Limits) -> Judgement:
    """Compare bonds, contacts, forces and temperatures of every run with their limits.

    A structure of the user's that changes its bonds when it is relaxed may be one that does not
    exist, a zwitterion in vacuum for example: the potential's fault only where a reference keeps
    it.  The library's structures are known to hold.

    Each covalent bond of the starting structure stays within its range, no two unbonded atoms come
    too close, the number of fragments stays, forces and temperature stay below their limits, every
    number is finite, and every run reaches its end.  The value is the time survived, which must
    reach what was asked for.  A short run from the Langevin samples that broke fails it, too.

    Args:
        record: the replicas of one condition.
        limits: ``bond_shortest``, ``bond_longest``, ``contact``, ``temperature_factor`` (ratio),
            ``largest_force`` (eV/Å).

    Returns:
        The judgement; a FAIL names the time survived, the atoms and what happened.
    """
    if not record.runs:
        return skipped("no simulation was run")
    values = {name: limit.value for name, limit in limits.items()}
    breaks = [_first_break(run, system=record.system, limits=values) for run in record.runs]
    evidence = {
        "runs": [
            _run_evidence(run, found, system=record.system)
            for run, found in zip(record.runs, breaks, strict=True)
        ]
    }
    happened = [(run, found) for run, found in zip(record.runs, breaks, strict=True) if found]
    short = broken_short_run(record)
    if happened or short is not None:
        changed = change_on_relaxation(record, limits=values)
        if changed:
            return inconclusive(changed, evidence=evidence)
        if short is None or happened:
            return _failed(record, happened, evidence=evidence)
        return replace(short, evidence={**evidence, **short.evidence})
    undecided = broken_run(record) or cut_short_run(record)
    if undecided is not None:
        return undecided
    for run in record.runs:
        gap = _not_recorded(run)
        if gap:
            return inconclusive(gap, evidence=evidence)
    survived_ps = min(run.completed_ps for run in record.runs)
    replicas = f" in each of {len(record.runs)} runs" if len(record.runs) > 1 else ""
    return Judgement(
        Status.PASS,
        f"the structure stays intact for the {survived_ps:g} ps asked for{replicas}",
        value=survived_ps,
        threshold=min(run.requested_ps for run in record.runs),
        at_least=True,
        evidence=evidence,
    )


def _failed(
    record: Runs, happened: list[tuple[Run, Break]], *, evidence: dict[str, Any]
) -> Judgement:
    """Return a FAIL by the earliest break."""
    run, found = min(happened, key=lambda pair: pair[1].time_ps)
    named = _named(record.system, found.atoms)
    where = f" ({named})" if named and named not in found.what else ""
    replica = f" of replica {run.replica}" if len(record.runs) > 1 else ""
    # Before the run proper, time counts up to zero.
    survived_ps = max(0.0, found.time_ps)
    early = " (it broke in the equilibration)" if found.time_ps < 0.0 else ""
    return Judgement(
        Status.FAIL,
        f"the run{replica} survived {survived_ps:.3g} of {run.requested_ps:g} ps{early}: "
        f"{found.what}{where}",
        value=survived_ps,
        threshold=run.requested_ps,
        at_least=True,
        evidence=evidence,
    )


def _first_break(run: Run, *, system: MolecularSystem, limits: Mapping[str, float]) -> Break | None:
    """Return the earliest break of a run, by its own record and by its streams."""
    found = [*_breaks_of_numbers(run, limits=limits)]
    if run.trajectory is not None:
        found += _breaks_of_structure(run.trajectory, system=system, limits=limits)
    if run.failure is not None and run.failure.kind == "unstable":
        what = run.failure.message.strip().rstrip(".")
        # The run's own record goes first: it is checked more often than the streams are written.
        found.insert(0, Break(run.failure.time_ps, what, run.failure.atoms))
    return min(found, key=lambda found: found.time_ps, default=None)


def _breaks_of_numbers(run: Run, *, limits: Mapping[str, float]) -> Iterator[Break]:
    """Find energies and momenta that are not finite, and temperature and forces beyond limits."""
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
            beyond = f" (limit {limit:g} {unit})" if np.isfinite(limit) else ""
            yield Break(
                float(series.time_ps[row]), f"the {what} is {values[row]:.3g} {unit}{beyond}"
            )


def _breaks_of_structure(
    trajectory: TrajectorySeries, *, system: MolecularSystem, limits: Mapping[str, float]
) -> Iterator[Break]:
    """Find the first frame of each kind of change of the structure."""
    positions, time_ps = trajectory.positions_angstrom, trajectory.time_ps
    lost = ~np.isfinite(positions).all(axis=2)
    if lost.any():
        frame = int(np.argmax(lost.any(axis=1)))
        atoms = tuple(int(atom) for atom in np.flatnonzero(lost[frame]))
        yield Break(float(time_ps[frame]), "a position is not finite", atoms)
    whole = ~lost.any(axis=1)
    ratios = _bond_ratios(trajectory, system=system)
    torn = whole[:, None] & ~(
        (ratios >= limits["bond_shortest"]) & (ratios <= limits["bond_longest"])
    )
    if torn.any():
        frame = int(np.argmax(torn.any(axis=1)))
        bond = int(np.argmax(torn[frame]))
        atoms = system.bonds[bond]
        ratio = f"{ratios[frame, bond]:.2f} of its starting length"
        yield Break(float(time_ps[frame]), f"the bond {_named(system, atoms)} has {ratio}", atoms)
    close = whole & ~(trajectory.closest_contact >= limits["contact"])
    if close.any():
        frame = int(np.argmax(close))
        within = max(BOND_FACTOR, limits["contact"])
        atoms = _closest_pair(positions[frame], system=system, within=within)
        what = (
            f"the unbonded atoms {_named(system, atoms)} are at "
            f"{trajectory.closest_contact[frame]:.2f} of the sum of their covalent radii"
        )
        yield Break(float(time_ps[frame]), what, atoms)
    changed = whole & (trajectory.fragments != system.fragments)
    if changed.any():
        frame = int(np.argmax(changed))
        what = f"{system.fragments} fragments have become {trajectory.fragments[frame]}"
        yield Break(float(time_ps[frame]), what)


def _bond_ratios(trajectory: TrajectorySeries, *, system: MolecularSystem) -> np.ndarray:
    """Return bond lengths over those of the starting structure, (F, B)."""
    pairs = np.array(system.bonds, dtype=int).reshape(-1, 2)
    start = system.positions_angstrom
    lengths = np.linalg.norm(start[pairs[:, 0]] - start[pairs[:, 1]], axis=1)
    return np.asarray(trajectory.bond_lengths_angstrom / lengths)


def _closest_pair(
    positions_angstrom: np.ndarray, *, system: MolecularSystem, within: float
) -> tuple[int, int]:
    """Return the unbonded pair that is closest for its covalent radii."""
    radii = covalent_radii_angstrom(system.atomic_numbers)
    pairs, distances = pairs_within(
        positions_angstrom,
        cutoff_angstrom=2.0 * within * float(radii.max()),
        cell_angstrom=system.cell_angstrom,
    )
    bonded = {tuple(bond) for bond in system.bonds}
    free = np.array([(int(i), int(j)) not in bonded for i, j in pairs], dtype=bool)
    relative = np.where(free, distances / radii[pairs].sum(axis=1), np.inf)
    first, second = pairs[int(np.argmin(relative))]
    return int(first), int(second)


def _not_recorded(run: Run) -> str:
    """Return what of a run that reached its end was not recorded to its end; empty for nothing."""
    streams = {
        "energies": run.energies.time_ps,
        "forces": run.momenta.time_ps,
        "positions": np.empty(0) if run.trajectory is None else run.trajectory.time_ps,
    }
    for name, time_ps in streams.items():
        if not reaches(time_ps, end_ps=run.completed_ps):
            return f"the {name} of {run.name} were not recorded up to its {run.completed_ps:g} ps"
    return ""


def _run_evidence(run: Run, found: Break | None, *, system: MolecularSystem) -> dict[str, Any]:
    return {
        "run": run.name,
        "requested_ps": run.requested_ps,
        "completed_ps": run.completed_ps,
        "survived_ps": run.completed_ps if found is None else max(0.0, found.time_ps),
        "failure": "" if found is None else found.what,
        "atoms": [] if found is None else [_named(system, (atom,)) for atom in found.atoms],
        # Zero-based, for programs.
        "atom_indices": () if found is None else found.atoms,
        **_extremes(run, system=system),
    }


def _extremes(run: Run, *, system: MolecularSystem) -> dict[str, float]:
    """Return the extremes of what was recorded."""
    largest = {
        "highest_temperature_kelvin": run.energies.temperature_kelvin,
        "largest_force_ev_per_angstrom": run.momenta.largest_force_ev_per_angstrom,
    }
    smallest = {}
    if (frames := run.trajectory) is not None:
        ratios = _bond_ratios(frames, system=system)
        smallest = {"shortest_bond_ratio": ratios, "closest_contact_ratio": frames.closest_contact}
        largest |= {
            "longest_bond_ratio": ratios,
            "largest_rmsd_angstrom": frames.rmsd_angstrom,
            "largest_radius_of_gyration_angstrom": frames.radius_of_gyration_angstrom,
            "most_fragments": frames.fragments,
        }
    return {name: float(values.max()) for name, values in largest.items() if values.size} | {
        name: float(values.min()) for name, values in smallest.items() if values.size
    }


def _named(system: MolecularSystem, atoms: tuple[int, ...]) -> str:
    return name_atoms(system.atomic_numbers, atoms)


CHECK = Check(
    id="stability",
    group="dynamics",
    scope="condition",
    question="Does the molecule stay intact?",
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
    remedy="Look at the frames before the break; add stretched and compressed geometries of the "
    "atoms named to the training data, or a repulsive core, and retrain it.",
    record=Runs,
    measure=read_runs,
    judge=judge,
    needs=("trajectories", ENSEMBLE),
)
