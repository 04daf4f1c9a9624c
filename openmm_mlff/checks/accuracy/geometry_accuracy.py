"""Is the molecule at rest shaped as the reference has it?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, probe_array
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult

FEWEST_HEAVY_ATOMS = 3
"""Two points superpose on any two others; below three, hydrogens count too."""


def geometry_accuracy(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the potential's minimum with the reference's, both reached from one start.

    Heavy-atom RMSD after superposition by a proper rotation (a mirror image is another molecule),
    and the largest difference of a covalent bond's length.

    Args:
        observations: with the probe ``minimum``.
        criteria: ``rmsd``, ``bond`` (Å).

    Returns:
        PASS where both are small; INCONCLUSIVE where a minimisation did not converge.
    """
    rmsd_limit = SPEC.threshold(criteria, name="rmsd")
    bond_limit = SPEC.threshold(criteria, name="bond")
    probe = find_probe(SPEC, observations, name="minimum")
    if isinstance(probe, CheckResult):
        return probe
    reference = probe.data.get("reference")
    if reference is None:
        reason = str(probe.data.get("reason", "")).strip().rstrip(".")
        return SPEC.skipped(observations, reason=reason or "no reference was given")
    if not (probe.data["model_converged"] and probe.data["reference_converged"]):
        whose = "reference" if probe.data["model_converged"] else "potential"
        reason = str(probe.data.get("reason", "")).strip().rstrip(".")
        reason = f"the minimisation of the {whose} did not converge{': ' if reason else ''}{reason}"
        return SPEC.inconclusive(observations, reason=reason)
    system = observations.system
    shape = (system.n_atoms, 3)
    model = probe_array(probe, name="model_positions_angstrom", shape=shape)
    ideal = probe_array(probe, name="reference_positions_angstrom", shape=shape)
    compared = np.flatnonzero(system.atomic_numbers > 1)
    which = "a heavy-atom"
    if len(compared) < FEWEST_HEAVY_ATOMS:
        compared = np.arange(system.n_atoms)
        which = "an all-atom"
    rmsd = superposed_rmsd(model[compared], reference=ideal[compared])
    bonds = np.array(system.bonds, dtype=int).reshape(-1, 2)
    differences = _lengths(model, bonds=bonds) - _lengths(ideal, bonds=bonds)
    measures = [
        Measure(f"the minimum is off from that of {reference} by {which} RMSD of", rmsd, rmsd_limit)
    ]
    evidence = {"reference": reference, "atoms": which.split()[1], "rmsd_angstrom": rmsd}
    if len(bonds):
        worst = int(np.argmax(np.abs(differences)))
        i, j = bonds[worst]
        named = f"{system.symbols[i]}{i}–{system.symbols[j]}{j}"
        clause = f"the bond {named} at the minimum is off from that of {reference} by"
        measures.append(Measure(clause, abs(float(differences[worst])), bond_limit))
        evidence |= {"worst_bond": named, "bond_differences_angstrom": differences}
    return SPEC.judged(observations, measures=measures, evidence=evidence)


def _lengths(positions_angstrom: np.ndarray, *, bonds: np.ndarray) -> np.ndarray:
    return np.linalg.norm(positions_angstrom[bonds[:, 0]] - positions_angstrom[bonds[:, 1]], axis=1)


def superposed_rmsd(positions_angstrom: np.ndarray, *, reference: np.ndarray) -> float:
    """Give the smallest RMSD over all translations and proper rotations.

    Kabsch, Acta Cryst. A 32, 922 (1976): the best rotation is U diag(1, 1, d) Vᵀ, with the
    singular value decomposition XᵀY = U S Vᵀ and d = det(U Vᵀ), which keeps it proper.

    Args:
        positions_angstrom: (n, 3).
        reference: (n, 3), Å.

    Returns:
        RMSD in Å; NaN where a coordinate is not finite.
    """
    if not (np.isfinite(positions_angstrom).all() and np.isfinite(reference).all()):
        return float("nan")
    x = positions_angstrom - positions_angstrom.mean(axis=0)
    y = reference - reference.mean(axis=0)
    left, _, right = np.linalg.svd(x.T @ y)
    flip = np.ones(3)
    flip[2] = np.sign(np.linalg.det(left @ right))
    rotation = left @ np.diag(flip) @ right
    return float(np.sqrt(np.mean(np.sum((x @ rotation - y) ** 2, axis=1))))


SPEC = CheckSpec(
    id="geometry_accuracy",
    group="accuracy",
    scope="system",
    title="Is the molecule at rest shaped as the reference has it?",
    formula="heavy-atom RMSD after superposition, max |r_ij − r_ij,ref| over covalent bonds",
    unit="Å",
    source="mlipaudit: 0.05 Å for bond lengths",
    thresholds={"rmsd": "Å", "bond": "Å"},
    failure_mode="Bond lengths and shapes are biased from the first step; so are spectra, packing "
    "and every distance measured.",
    remedy="Add geometries near the minimum, labelled by the reference, to the training data.",
    function=geometry_accuracy,
    probes=("minimum",),
)
