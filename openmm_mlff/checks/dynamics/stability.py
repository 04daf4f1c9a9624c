"""Does the molecule stay the molecule?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, place
from openmm_mlff.checks.inputs import broken_run, cut_short_run, reaches
from openmm_mlff.config import Criteria
from openmm_mlff.molecules import (
    BOND_FACTOR,
    MolecularSystem,
    covalent_radii_angstrom,
    pairs_within,
)
from openmm_mlff.observations.model import Observations, RunObservations, TrajectorySeries
from openmm_mlff.records import CheckResult, Status


@dataclass(frozen=True)
class Mishap:
    """What went wrong in a run, when, and to which atoms."""

    time_ps: float
    what: str
    atoms: tuple[int, ...] = ()
    run: str = ""


def stability(observations: Observations, criteria: Criteria) -> CheckResult:
    """See that every run came to its end with all bonds, no collisions and sane numbers.

    Each covalent bond of the starting structure stays within 0.6 to 1.5 of its starting length,
    no two unbonded atoms come closer than 0.6 of the sum of their covalent radii, the number of
    fragments stays, forces stay below 100 eV/Å, the temperature below 10 times the one set, and
    every number is finite.  The value is the time survived, which must reach what was asked for.

    Args:
        observations: with the replicas of one condition.
        criteria: ``bond_shortest``, ``bond_longest``, ``contact``, ``temperature_factor`` (ratio),
            ``largest_force`` (eV/Å).

    Returns:
        The result; a FAIL names the time survived, the atoms and what happened.
    """
    if not observations.runs:
        return SPEC.skipped(observations, reason="no simulation was run")
    limits = {name: SPEC.threshold(criteria, name=name).value for name in SPEC.thresholds}
    mishaps = [
        _first_mishap(run, system=observations.system, limits=limits) for run in observations.runs
    ]
    evidence = _evidence(observations, mishaps=mishaps)
    happened = [mishap for mishap in mishaps if mishap is not None]
    if happened:
        first = min(happened, key=lambda mishap: mishap.time_ps)
        return _failed(observations, mishap=first, evidence=evidence)
    undecided = broken_run(SPEC, observations) or cut_short_run(SPEC, observations)
    if undecided is not None:
        return undecided
    for run in observations.runs:
        gap = _unwatched(run)
        if gap:
            return SPEC.inconclusive(observations, reason=gap, evidence=evidence)
    survived_ps = min(run.completed_ps for run in observations.runs)
    asked_ps = min(run.requested_ps for run in observations.runs)
    replicas = f" in each of {len(observations.runs)} runs" if len(observations.runs) > 1 else ""
    return SPEC.result(
        observations,
        status=Status.PASS,
        message=f"On {place(observations)}, the molecule stays whole for the {survived_ps:g} ps "
        f"asked for{replicas}.",
        value=survived_ps,
        threshold=asked_ps,
        evidence=evidence,
    )


def _failed(observations: Observations, *, mishap: Mishap, evidence: dict[str, Any]) -> CheckResult:
    run = next(run for run in observations.runs if run.name == mishap.run)
    named = _named(observations.system, atoms=mishap.atoms)
    where = f" ({named})" if named and named not in mishap.what else ""
    replica = f" of replica {run.replica}" if len(observations.runs) > 1 else ""
    # Before the run proper, time counts up to zero.
    survived_ps = max(0.0, mishap.time_ps)
    early = " (it broke in the equilibration)" if mishap.time_ps < 0.0 else ""
    return SPEC.result(
        observations,
        status=Status.FAIL,
        message=f"On {place(observations)}, the run{replica} survived {survived_ps:.3g} of "
        f"{run.requested_ps:g} ps{early}: {mishap.what}{where}.",
        value=survived_ps,
        threshold=run.requested_ps,
        evidence=evidence,
    )


def _first_mishap(
    run: RunObservations, *, system: MolecularSystem, limits: dict[str, float]
) -> Mishap | None:
    """Give the earliest mishap of a run, by what the run said and by what its streams show."""
    found = [*_mishaps_of_numbers(run, limits=limits)]
    if run.trajectory is not None:
        found += _mishaps_of_structure(run.trajectory, system=system, limits=limits)
    if run.failure is not None and run.failure.kind == "unstable":
        what = run.failure.message.strip().rstrip(".")
        # The run's own word goes first: it watches more often than the streams are written.
        found.insert(0, Mishap(run.failure.time_ps, what, run.failure.atoms))
    if not found:
        return None
    return replace(min(found, key=lambda mishap: mishap.time_ps), run=run.name)


def _mishaps_of_numbers(run: RunObservations, *, limits: dict[str, float]) -> Iterator[Mishap]:
    """See that energies and momenta are finite, and temperature and forces within reason."""
    energies, momenta = run.energies, run.momenta
    hottest = limits["temperature_factor"] * run.condition.temperature_kelvin
    strongest = limits["largest_force"]
    temperature = energies.temperature_kelvin
    force = momenta.largest_force_ev_per_angstrom
    energy = energies.total_ev + energies.potential_ev + energies.kinetic_ev
    momentum = momenta.linear.sum(axis=1) + momenta.angular.sum(axis=1)
    # Each comparison is one that a number which is not finite does not pass.
    watched = (
        (energies, np.isfinite(energy), energy, "the energy is {} eV"),
        (
            energies,
            temperature < hottest,
            temperature,
            f"the temperature is {{}} K (limit {hottest:g} K)",
        ),
        (momenta, np.isfinite(momentum), momentum, "the momentum is {} amu Å/ps"),
        (
            momenta,
            force < strongest,
            force,
            f"the largest force is {{}} eV/Å (limit {strongest:g} eV/Å)",
        ),
    )
    for series, fine, values, what in watched:
        if not fine.all():
            row = int(np.argmin(fine))
            yield Mishap(float(series.time_ps[row]), what.format(f"{values[row]:.3g}"))


def _mishaps_of_structure(
    trajectory: TrajectorySeries, *, system: MolecularSystem, limits: dict[str, float]
) -> Iterator[Mishap]:
    """See that the atoms stay where the molecule has them."""
    positions, time_ps = trajectory.positions_angstrom, trajectory.time_ps
    lost = ~np.isfinite(positions).all(axis=2)
    if lost.any():
        frame = int(np.argmax(lost.any(axis=1)))
        atoms = tuple(int(atom) for atom in np.flatnonzero(lost[frame]))
        yield Mishap(float(time_ps[frame]), "a position is no longer a finite number", atoms)
    whole = ~lost.any(axis=1)
    ratios = _bond_ratios(trajectory, system=system)
    torn = whole[:, None] & ~(
        (ratios >= limits["bond_shortest"]) & (ratios <= limits["bond_longest"])
    )
    if torn.any():
        frame = int(np.argmax(torn.any(axis=1)))
        bond = int(np.argmax(torn[frame]))
        atoms = tuple(system.bonds[bond])
        ratio = f"{ratios[frame, bond]:.2f} of its starting length"
        what = f"the bond {_named(system, atoms=atoms)} has {ratio}"
        yield Mishap(float(time_ps[frame]), what, atoms)
    close = whole & ~(trajectory.closest_contact >= limits["contact"])
    if close.any():
        frame = int(np.argmax(close))
        atoms = _closest_pair(positions[frame], system=system)
        what = (
            f"the unbonded atoms {_named(system, atoms=atoms)} are at "
            f"{trajectory.closest_contact[frame]:.2f} of the sum of their covalent radii"
        )
        yield Mishap(float(time_ps[frame]), what, atoms)
    changed = whole & (trajectory.fragments != system.fragments)
    if changed.any():
        frame = int(np.argmax(changed))
        what = f"{system.fragments} fragments have become {trajectory.fragments[frame]}"
        yield Mishap(float(time_ps[frame]), what)


def _bond_ratios(trajectory: TrajectorySeries, *, system: MolecularSystem) -> np.ndarray:
    """Give bond lengths over those of the starting structure, (F, B)."""
    pairs = np.array(system.bonds, dtype=int).reshape(-1, 2)
    start = system.positions_angstrom
    return trajectory.bond_lengths_angstrom / np.linalg.norm(
        start[pairs[:, 0]] - start[pairs[:, 1]], axis=1
    )


def _closest_pair(positions_angstrom: np.ndarray, *, system: MolecularSystem) -> tuple[int, int]:
    """Find the unbonded pair that is closest for its covalent radii."""
    radii = covalent_radii_angstrom(system.atomic_numbers)
    pairs, distances = pairs_within(
        positions_angstrom,
        cutoff_angstrom=2.0 * BOND_FACTOR * float(radii.max()),
        cell_angstrom=system.cell_angstrom,
    )
    bonded = {tuple(bond) for bond in system.bonds}
    free = np.array([(int(i), int(j)) not in bonded for i, j in pairs], dtype=bool)
    relative = np.where(free, distances / radii[pairs].sum(axis=1), np.inf)
    first, second = pairs[int(np.argmin(relative))]
    return int(first), int(second)


def _unwatched(run: RunObservations) -> str:
    """Say what of a run that came to its end was not recorded, so that nobody watched it."""
    streams = {
        "energies": run.energies.time_ps,
        "forces": run.momenta.time_ps,
        "positions": np.empty(0) if run.trajectory is None else run.trajectory.time_ps,
    }
    for name, time_ps in streams.items():
        if not reaches(time_ps, end_ps=run.completed_ps):
            return f"the {name} of {run.name} were not recorded up to its {run.completed_ps:g} ps"
    return ""


def _evidence(observations: Observations, *, mishaps: list[Mishap | None]) -> dict[str, Any]:
    runs = []
    for run, mishap in zip(observations.runs, mishaps, strict=True):
        runs.append(
            {
                "run": run.name,
                "requested_ps": run.requested_ps,
                "completed_ps": run.completed_ps,
                "survived_ps": run.completed_ps if mishap is None else max(0.0, mishap.time_ps),
                "mishap": "" if mishap is None else mishap.what,
                "atoms": () if mishap is None else mishap.atoms,
                **_extremes(run, system=observations.system),
            }
        )
    return {"runs": runs}


def _extremes(run: RunObservations, *, system: MolecularSystem) -> dict[str, float]:
    """Collect the extremes of what was watched; the quantities without data are left out."""
    series = {
        "highest_temperature_kelvin": (np.max, run.energies.temperature_kelvin),
        "largest_force_ev_per_angstrom": (np.max, run.momenta.largest_force_ev_per_angstrom),
    }
    if run.trajectory is not None:
        ratios = _bond_ratios(run.trajectory, system=system)
        series |= {
            "shortest_bond_ratio": (np.min, ratios),
            "longest_bond_ratio": (np.max, ratios),
            "closest_contact_ratio": (np.min, run.trajectory.closest_contact),
            "largest_rmsd_angstrom": (np.max, run.trajectory.rmsd_angstrom),
            "largest_radius_of_gyration_angstrom": (
                np.max,
                run.trajectory.radius_of_gyration_angstrom,
            ),
            "most_fragments": (np.max, run.trajectory.fragments),
        }
    return {name: float(pick(values)) for name, (pick, values) in series.items() if values.size}


def _named(system: MolecularSystem, *, atoms: tuple[int, ...]) -> str:
    """Name atoms by symbol and index: ``O0–H1``."""
    return "–".join(f"{system.symbols[atom]}{atom}" for atom in atoms)


SPEC = CheckSpec(
    id="stability",
    group="dynamics",
    scope="condition",
    title="Does the molecule stay the molecule?",
    formula="bonds 0.6–1.5 of their start, contacts ≥ 0.6 of the covalent radii, fragments "
    "unchanged, |F| < 100 eV/Å, T < 10 T0, all finite, to the end of the run",
    unit="ps",
    source="MDsim (bond deviation of 0.5 Å); mlipaudit",
    thresholds={
        "bond_shortest": "ratio",
        "bond_longest": "ratio",
        "contact": "ratio",
        "largest_force": "eV/Å",
        "temperature_factor": "ratio",
    },
    failure_mode="The molecule breaks, collapses or blows up in a production run, and what follows "
    "in the trajectory is not chemistry.",
    remedy="Look at the frames before the break; add stretched and compressed geometries of the "
    "atoms named to the training data, or a repulsive core, and train again.",
    function=stability,
)
