"""Does an ML/MM system add up, and does its interpolation end where it should?"""

from collections.abc import Mapping

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, largest, largest_norm, probe_array
from openmm_mlff.config import Criteria
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV

_NAMES = ("mm", "mixed", "sum", "lambda_0", "lambda_half", "lambda_1")


def interpolation_ends(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare an ML/MM system with the sum of its parts, and its interpolation with its ends.

    E_mixed = E_MM(all) − E_MM(ML part alone) + E_ML(ML part); E(λ=0) = E_MM; E(λ=1) = E_mixed;
    E(λ=½) = (E(λ=0) + E(λ=1)) / 2; each also for the forces.  Energies are divided by the number
    of ML atoms: a term of theirs that is lost must not be thinned by the solvent.

    Args:
        observations: with the probe ``interpolation_ends``.
        criteria: ``energy`` (meV/atom), ``forces`` (eV/Å).

    Returns:
        PASS where all four hold; SKIPPED for a potential that is not mixed.
    """
    probe = find_probe(SPEC, observations, name="interpolation_ends")
    if isinstance(probe, CheckResult):
        return probe
    n_ml_atoms = _positive(probe, "n_ml_atoms")
    energies_ev, forces = _evaluations(probe)
    measures: list[Measure] = []
    for what, first, second in (
        ("in the mixed system", "mixed", "sum"),
        ("at λ = 0", "lambda_0", "mm"),
        ("at λ = 1", "lambda_1", "mixed"),
        ("at λ = 1/2", "lambda_half", "mean"),
    ):
        with np.errstate(invalid="ignore"):
            energy_ev = largest(energies_ev[first] - energies_ev[second])
            force = largest_norm(forces[first] - forces[second])
        clause = f"{what} differ from {_MEANINGS[second]} by up to"
        measures += [
            Measure(
                f"the energies {clause}",
                energy_ev * MEV_PER_EV / n_ml_atoms,
                SPEC.threshold(criteria, name="energy"),
            ),
            Measure(f"the forces {clause}", force, SPEC.threshold(criteria, name="forces")),
        ]
    evidence = {"n_ml_atoms": n_ml_atoms, "geometries": len(energies_ev["mm"])}
    return SPEC.judged(
        observations, measures=measures, evidence=evidence, note=f"{n_ml_atoms} ML atoms"
    )


_MEANINGS = {
    "sum": "the sum of its parts",
    "mm": "the force field's",
    "mixed": "the mixed system's",
    "mean": "the mean of both ends",
}


def _evaluations(
    probe: ProbeObservations,
) -> tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]]:
    """Give energies (G,) and forces (G, N, 3) by name, with the mean of both ends."""
    first = probe_array(probe, name="forces_mm", shape=(None, None, 3))
    forces = {name: probe_array(probe, name=f"forces_{name}", shape=first.shape) for name in _NAMES}
    energies_ev = {
        name: probe_array(probe, name=f"energies_ev_{name}", shape=(len(first),)) for name in _NAMES
    }
    forces["mean"] = 0.5 * (forces["lambda_0"] + forces["lambda_1"])
    energies_ev["mean"] = 0.5 * (energies_ev["lambda_0"] + energies_ev["lambda_1"])
    return energies_ev, forces


def _positive(probe: ProbeObservations, key: str) -> int:
    """Read a count from a probe's data."""
    value = probe.data.get(key)
    if not isinstance(value, int) or value < 1:
        raise RunDirectoryError(
            f"the probe {probe.name!r} says {key} {value!r}, expected a number from 1; "
            "run the validation again"
        )
    return value


SPEC = CheckSpec(
    id="interpolation_ends",
    group="parity",
    scope="system",
    title="Does an ML/MM system add up, and end where its interpolation should?",
    formula="E_mixed = E_MM(all) − E_MM(ML) + E_ML(ML); E(λ=0) = E_MM, E(λ=1) = E_mixed, "
    "E(λ=½) their mean; energies over the number of ML atoms",
    unit="meV/atom",
    source="an identity of mechanical embedding; the limits are a margin over the error of PME",
    thresholds={"energy": "meV/atom", "forces": "eV/Å"},
    failure_mode="A term is counted twice or lost between potential and force field; free energies "
    "by interpolation start or end at another system than the one that is meant.",
    remedy="See in the evidence which equality breaks; check the selection of the ML atoms, the "
    "force field's terms on them, and the version of openmm-ml.",
    function=interpolation_ends,
    probes=("interpolation_ends",),
)
