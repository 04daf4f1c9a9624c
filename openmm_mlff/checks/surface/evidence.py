"""What the checks of the energy surface share: refusals, noise and detection limits."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import (
    JUDGED_FRACTION,
    find_probe,
    largest,
    largest_norm,
    probe_array,
)
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV

DETECTABLE_SIGMAS = 3.0
"""A difference counts as seen from three standard deviations of the noise on."""


def noise_floor(probe: ProbeObservations) -> tuple[float, float]:
    """Work out the noise of energies and forces from a line of nine points 1e-5 Å apart.

    What is no parabola in the energy, and no straight line in the forces, is noise.

    Args:
        probe: with `noise_energies_ev` (9,) and `noise_forces` (9, N, 3).

    Returns:
        Standard deviations, eV and eV/Å; NaN where a point was refused or is no number.
    """
    energies_ev = probe_array(probe, name="noise_energies_ev", shape=(None,))
    forces = probe_array(probe, name="noise_forces", shape=(None, None, 3))
    if not (np.isfinite(energies_ev).all() and np.isfinite(forces).all()):
        return float("nan"), float("nan")
    flat = forces.reshape(len(forces), -1)
    return (
        _residual(energies_ev[:, None], degree=2),
        _residual(flat, degree=1),
    )


def _residual(values: np.ndarray, *, degree: int) -> float:
    """Give the standard deviation of what a polynomial leaves, pooled over the columns."""
    place = np.linspace(-1.0, 1.0, len(values))
    powers = np.vander(place, degree + 1)
    centred = values - values.mean(axis=0)
    rest = centred - powers @ np.linalg.lstsq(powers, centred, rcond=None)[0]
    freedom = (len(values) - degree - 1) * values.shape[1]
    return float(np.sqrt(np.sum(rest**2) / freedom))


def too_many_refused(
    spec: CheckSpec, observations: Observations, *, probe: ProbeObservations, refused: np.ndarray
) -> CheckResult | None:
    """Give INCONCLUSIVE where fewer than four fifths of the points were evaluated.

    Args:
        spec: the check.
        observations: what is judged.
        probe: names some of the refusals.
        refused: bool, of any shape.

    Returns:
        None where enough was evaluated.
    """
    evaluated = 1.0 - float(np.mean(refused)) if refused.size else 0.0
    if evaluated >= JUDGED_FRACTION:
        return None
    return spec.inconclusive(
        observations,
        reason=f"the potential refused {int(refused.sum())} of {refused.size} points, and fewer "
        "than four fifths are left to judge by",
        evidence={"refusals": probe.data.get("refusals", [])},
    )


def refusal_note(refused: np.ndarray) -> str:
    """Say how many points were refused; empty where none was."""
    count = int(refused.sum())
    return f"{count} of {refused.size} points were refused by the potential" if count else ""


def judge_changes(
    spec: CheckSpec, observations: Observations, criteria: Criteria, *, move: str, keep: int | None
) -> CheckResult:
    """Judge how far energies and forces change under operations that should change nothing.

    Args:
        spec: the check; the probe has its name.
        observations: with the probe.
        criteria: ``energy`` (meV/atom), ``forces`` (meV/Å).
        move: what was done, for the sentence: "when it is turned".
        keep: operations that are judged, the first of those recorded; None judges all.

    Returns:
        PASS where the largest changes are within the thresholds.
    """
    probe = find_probe(spec, observations, name=spec.id)
    if isinstance(probe, CheckResult):
        return probe
    limits = {name: spec.threshold(criteria, name=name) for name in spec.thresholds}
    energy, forces, refused = changes_of(probe)
    undecided = too_many_refused(spec, observations, probe=probe, refused=refused[:keep])
    if undecided is not None:
        return undecided
    judged = ~refused[:keep]
    measures = [
        Measure(
            f"the energy changes {move} by up to", largest(energy[:keep][judged]), limits["energy"]
        ),
        Measure(
            f"forces change {move} by up to", largest_norm(forces[:keep][judged]), limits["forces"]
        ),
    ]
    return spec.judged(
        observations,
        measures=measures,
        evidence={
            "energy_mev_per_atom_by_operation": _largest_by_row(np.abs(energy), refused),
            "forces_mev_per_angstrom_by_operation": _largest_by_row(
                np.linalg.norm(forces, axis=-1).max(axis=-1), refused
            ),
            "geometries": energy.shape[1],
            **detection_limit(probe, n_atoms=forces.shape[2]),
        },
        note=refusal_note(refused),
    )


def changes_of(probe: ProbeObservations) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read the changes under operations.

    Args:
        probe: with `energy_changes_ev`, `force_changes` and `refused`.

    Returns:
        meV/atom (O, G), meV/Å (O, G, N, 3), and bool (O, G).
    """
    forces = probe_array(probe, name="force_changes", shape=(None, None, None, 3))
    shape = forces.shape[:2]
    energies = probe_array(probe, name="energy_changes_ev", shape=shape)
    refused = probe_array(probe, name="refused", shape=shape).astype(bool)
    return energies * MEV_PER_EV / forces.shape[2], forces * MEV_PER_EV, refused


def _largest_by_row(values: np.ndarray, refused: np.ndarray) -> list[float]:
    """Give the largest value of each row, refused points left out; NaN stays."""
    shown = np.where(refused, -np.inf, values)
    return [float(row.max()) if np.isfinite(row).any() else float("nan") for row in shown]


def detection_limit(probe: ProbeObservations, *, n_atoms: int) -> Mapping[str, Any]:
    """Say from which size on a difference of two evaluations would be seen.

    Args:
        probe: with the noise line.
        n_atoms: N.

    Returns:
        `detection_limit`: three standard deviations of a difference, meV/atom and meV/Å.
    """
    energy_ev, force = noise_floor(probe)
    factor = DETECTABLE_SIGMAS * np.sqrt(2.0) * MEV_PER_EV
    return {
        "detection_limit": {
            "energy_mev_per_atom": factor * energy_ev / n_atoms,
            "forces_mev_per_angstrom": factor * force,
        }
    }
